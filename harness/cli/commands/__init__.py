"""One module per command or command group."""

from harness.cli.commands.completion import cell_names

__all__ = [
    "cell_names",
]
