"""Good content: the code-book of four values, what a text shows of them, and a fair share of traffic for it."""
