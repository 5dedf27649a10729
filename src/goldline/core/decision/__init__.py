"""Decisions asked and answered now: one transaction reads, rules, draws on the limits and writes down."""
