"""Every command that a message, a page or a help text names exists, with the options that it names."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from places import ROOT

from harness.cli.main import cli

_COMMAND = re.compile(r"(?:^|(?<=[\s`\"'(]))bench ((?:[a-z]+)(?: [^`\n]*)?)")
_VALUE = "VALUE"  # instead of what a message fills in


def texts(file: Path) -> Iterator[tuple[int, str]]:
    """The texts of a module by line; in f-strings, VALUE is in place of the values."""
    inner: set[int] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            inner |= {id(value) for value in node.values}
            yield node.lineno, "".join(value.value if isinstance(value, ast.Constant) else _VALUE for value in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.lineno, node.value


def printed_commands() -> Iterator[tuple[str, str]]:
    """Place and text of each command: in backticks up to the end of the code, in a help text or a step up to the end of its line."""
    for file in sorted((ROOT / "harness").rglob("*.py")):
        for line, text in texts(file):
            for found in _COMMAND.finditer(text):
                yield f"{file.relative_to(ROOT)}:{line}", found[1].split("  ")[0].rstrip(" .,;:")


def find_command(words: list[str]) -> tuple[click.Command | None, list[str]]:
    """The command that the words name, and the words after it; None where they are a sentence about bench."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words:
        following = command.get_command(click.Context(command), words[0])
        if following is None and (default := getattr(command, "default", None)):  # as in `bench record RUN`
            following, words = command.get_command(click.Context(command), default), [default, *words]
        if following is None:
            return (command, words) if command is not cli and not command.commands.keys() & set(words) else (None, words)
        command, words = following, words[1:]
    return command, words


def describe_wrong_options(text: str) -> str:
    """The options in the text that the command does not have; empty if it has all, or if the text is no command."""
    text = re.split(r" [|<>] | # ", text)[0]
    command, words = find_command(re.split(r"\s+", text))
    if command is None:
        return ""
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)} | {"--help", "-h"}
    named = [word.split("=")[0].strip("\"'()[],.;:") for word in words if re.match(r"[(\[]?--[a-z]", word)]
    return ", ".join(name for name in named if name not in known)


COMMANDS = sorted(set(printed_commands()))
NAMES = "|".join(cli.list_commands(click.Context(cli)))


def test_commands_are_found() -> None:
    """Otherwise the test below would pass with none."""
    found = {text for _, text in COMMANDS}
    assert len(COMMANDS) > 150
    assert {"review export", "gate", "run", "tasks validate"} <= found
    assert any(text.startswith("predict --champion") for text in found)


@pytest.mark.parametrize("module", sorted({place.rpartition(":")[0] for place, _ in COMMANDS}))
def test_named_options_exist(module: str) -> None:
    problems = {
        f"{place}: bench {text}": wrong
        for place, text in COMMANDS
        if place.startswith(f"{module}:") and (wrong := describe_wrong_options(text))
    }
    assert problems == {}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("gate latest --baselin x", "--baselin"),
        ("review export --n 5 --nn", "--nn"),
        ("bakes cakes --well", ""),
        ("runs prune --keep 5", ""),
    ],
)
def test_wrong_options_are_noticed(text: str, wrong: str) -> None:
    assert describe_wrong_options(text) == wrong


def help_examples() -> list[str]:
    """The examples of every command's help."""
    pending: list[click.Command] = [cli]
    examples = []
    while pending:
        command = pending.pop()
        if isinstance(command, click.Group):
            context = click.Context(command)
            pending += [each for name in command.list_commands(context) if (each := command.get_command(context, name))]
        lines = (command.help or "").splitlines()
        examples += [line.strip() for line in lines if re.match(rf" *bench ({NAMES})\b", line)]
    return sorted(set(examples))


@pytest.mark.parametrize("example", help_examples())
def test_examples_of_the_help_parse(example: str) -> None:
    """Values are checked, too: choices, numbers, required options."""
    words = shlex.split(re.split(r" [|<>] ", example.split("  #", maxsplit=1)[0])[0])
    context, command, rest = click.Context(cli), cli, words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        _, following, rest = command.resolve_command(context, rest)
        assert following is not None
        command, context = following, click.Context(following, parent=context)
    command.make_context(command.name, rest, parent=context.parent)
