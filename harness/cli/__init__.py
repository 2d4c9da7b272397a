"""The `bench` command: one file per command group. Arguments become calls of `harness.api`; nothing is decided here."""
