"""Who must be told: payouts and webhooks, at least once, by key."""
