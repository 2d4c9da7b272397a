"""Prompts are Jinja templates in a sandbox: no access to Python internals or files, limited work, and undefined names are errors.

The rendered text is used unchanged, with its trailing newline: the model reads what the YAML shows, and its answer follows directly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import jinja2
import jinja2.meta
from jinja2 import nodes

from harness.catalog.prompt_sandbox import PromptEnvironment, render_limited
from harness.errors import BenchError, first_line, setting

_ENVIRONMENT = PromptEnvironment()

# Names that have a meaning of their own in a template, so that an input of that name could not be read.
RESERVED_WORDS = frozenset(
    ("choices", "self", "true", "false", "none", "True", "False", "None", "not", "and", "or", "if", "in", "is", "else")
)


@lru_cache(maxsize=64)
def _compiled(template: str) -> jinja2.Template:
    return _ENVIRONMENT.from_string(template)


def prompt_variables(template: str, *, optional: bool = False) -> frozenset[str]:
    """The variables that a template requires.

    Args:
        optional: include variables that may be missing, as in `{% if context is defined %}` or `{{ context|default("") }}`.

    Raises:
        ValueError: the template is not valid Jinja; the message names the line.
    """
    try:
        parsed = _ENVIRONMENT.parse(template)
        variables = frozenset(jinja2.meta.find_undeclared_variables(parsed))
    except jinja2.TemplateSyntaxError as error:
        raise ValueError(f"line {error.lineno} of the prompt is not valid Jinja: {error.message}") from None
    except RecursionError:
        raise ValueError("the prompt is nested too deeply") from None
    except ValueError as error:  # a number with more digits than Python converts
        raise ValueError(f"the prompt is not valid Jinja: {first_line(error)}") from None
    return variables if optional else variables - _optional_variables(parsed)


def _optional_variables(parsed: nodes.Template) -> frozenset[str]:
    """The variables for which a template tests whether they are defined, or has a default."""
    tests = [test.node for test in parsed.find_all(nodes.Test) if test.name in ("defined", "undefined")]
    defaults = [default.node for default in parsed.find_all(nodes.Filter) if default.name in ("default", "d")]
    return frozenset(node.name for node in (*tests, *defaults) if isinstance(node, nodes.Name))


def render_prompt(template: str, inputs: Mapping[str, str], choices: Sequence[str] = ()) -> str:
    """The prompt of one example.

    Raises:
        BenchError: the template fails on these inputs, because of an undefined name or a forbidden access.
    """
    try:
        return render_limited(_compiled(template), {**inputs, "choices": list(choices)})
    except Exception as error:  # a Jinja filter can raise anything
        reason = first_line(error).rstrip(".")
        raise BenchError(f"the prompt cannot be rendered: {reason}. Its inputs: {', '.join(sorted(inputs))}.") from None


def variable_problem(name: str, column: str) -> str | None:
    """Why a prompt cannot use an input with this name, and what to do; None if it can.

    Args:
        column: the column of the input.
    """
    if name.isidentifier() and name not in RESERVED_WORDS:
        return None
    words = re.sub(r"\W+", "_", name).strip("_") or "text"
    better = "options" if name == "choices" else f"{words}_text" if words in RESERVED_WORDS else words
    better = better if better.isidentifier() else f"field_{better}"
    why = "has another meaning in a prompt" if name in RESERVED_WORDS else "is not a valid variable name in a prompt"
    advice = f"Give it another name: {setting(f'fields.{better}', column)}, or '{better}: {column}' under 'fields' in the task"
    return f"an input cannot be called '{name}', which {why}. {advice}"
