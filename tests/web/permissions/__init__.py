"""Who may do what: the matrix, role by role and operation by operation."""
