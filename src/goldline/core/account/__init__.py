"""Who answers for it: violations, sanctions, standing, appeals."""
