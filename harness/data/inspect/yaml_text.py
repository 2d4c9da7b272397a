"""Values and comments of a generated YAML file. Text from the user's file is escaped: it can end neither a value nor a comment."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

import yaml

MAX_WIDTH = 120


def to_scalar(text: str) -> str:
    """A text as a YAML value on one line: plain if that is safe, else in double quotes with escapes."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", text) and yaml.safe_load(text) == text:
        return text
    return '"' + "".join(_escape(c) for c in text) + '"'


def to_quoted_scalar(text: str) -> str:
    """A text as a YAML value that is always in quotes: in a list, `yes` and `1` without quotes are not texts."""
    scalar = to_scalar(text)
    return scalar if scalar.startswith('"') else f'"{scalar}"'


def to_comment_text(text: str) -> str:
    """A text for a comment: on one line, without characters that a YAML parser or a terminal would interpret."""
    return " ".join("".join(c if c.isprintable() else " " if c.isspace() else _escape(c) for c in text).split())


def comment_lines(text: str) -> list[str]:
    """A text as comment lines of at most `MAX_WIDTH` characters."""
    return [f"# {line}" for line in textwrap.wrap(to_comment_text(text), MAX_WIDTH, break_on_hyphens=False)]


def with_remark(line: str, remark: str) -> list[str]:
    """A line followed by a remark, or preceded by it if both do not fit on one line."""
    if not remark:
        return [line]
    combined = f"{line.ljust(28)}  # {to_comment_text(remark)}"
    return [combined] if len(combined) <= MAX_WIDTH else [*comment_lines(remark), line]


def indent(lines: Sequence[str]) -> list[str]:
    """The lines, indented by one level."""
    return [f"  {line}" if line else "" for line in lines]


def _escape(c: str) -> str:
    if c in '"\\':
        return "\\" + c
    if c.isprintable():
        return c
    return f"\\x{ord(c):02x}" if ord(c) <= 0xFF else f"\\u{ord(c):04x}" if ord(c) <= 0xFFFF else f"\\U{ord(c):08x}"
