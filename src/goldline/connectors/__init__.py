"""In and out: what turns the formats of others into events, and ours into theirs."""
