"""The demo market: a seeded marketplace whose days can be told as events, quickly and always the same."""
