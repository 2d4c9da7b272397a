"""Arguments in, calls out: a file a command group; nothing is decided here."""
