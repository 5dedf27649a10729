"""The operator's pages: what is happening now, what was found, what was sent, what waits for a hand."""
