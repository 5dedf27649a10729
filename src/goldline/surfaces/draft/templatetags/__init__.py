"""Filters of the draft checker's templates."""
