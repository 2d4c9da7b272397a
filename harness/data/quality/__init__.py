"""Checks of the examples: overlap between splits."""
