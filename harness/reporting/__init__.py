"""A run for people and programs: a page, a table in the terminal, JSON. Reads runs, writes nothing but the file it is asked for."""

from harness.reporting.export import to_json
from harness.reporting.page import render, write_page
from harness.reporting.scores import TaskRows
from harness.reporting.terminal import terminal_table

__all__ = ["TaskRows", "render", "terminal_table", "to_json", "write_page"]
