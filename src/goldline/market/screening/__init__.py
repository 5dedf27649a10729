"""Screening: what in a text breaks an advertising law, found however it is spelt, as evidence and never as a verdict.

`screen.Screen` takes texts in batches and answers hits at the places of the original text. Policies decide what
follows. `docs/screening.md` says how it works, how well, and what it does not find.
"""
