"""`bench data`: one module for each subcommand."""
