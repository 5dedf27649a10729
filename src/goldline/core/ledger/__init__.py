"""What is owed: double-entry postings, budgets, breakers, settlement."""
