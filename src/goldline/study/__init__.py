"""Looking back and ahead: archive, backtest, measures."""
