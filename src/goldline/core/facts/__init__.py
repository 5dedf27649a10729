"""What is known: subjects, their facts, and how evidence merges."""
