"""A module per command or command group."""
