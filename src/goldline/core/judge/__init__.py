"""What was broken: verdicts, findings and their explanations."""
