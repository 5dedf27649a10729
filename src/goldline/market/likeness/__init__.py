"""Likeness: what content is the same as other content, and what was made by the hundred."""
