"""The words of a command as they were typed, to make it again."""

from __future__ import annotations

from collections.abc import Collection

import click
from click.core import ParameterSource


def list_words(ctx: click.Context, *command: str, without: Collection[str] = ()) -> list[str]:
    """The command, its arguments and the options that were typed.

    Args:
        command: its words, after `bench`.
        without: names of options to leave out.
    """
    words = list(command)
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE or name in without:
            continue
        value = ctx.params[name]
        if not isinstance(parameter, click.Option):
            words += [str(each) for each in (value if isinstance(value, tuple) else (value,))]
        elif parameter.is_flag:
            words.append(parameter.opts[0])
        elif isinstance(value, dict):
            words += [word for role, column in value.items() for word in (parameter.opts[0], f"{role}={column}")]
        else:
            words += [word for each in (value if isinstance(value, tuple) else (value,)) for word in (parameter.opts[0], str(each))]
    return words
