"""The workbench: a merchant's own standing, sanctions, appeals and orders about to break."""
