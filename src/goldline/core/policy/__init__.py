"""What was promised: packs, the expression language, versions in force."""
