"""Prompts are Jinja templates in a sandbox: no attribute access to Python's insides, no files, undefined names are errors.

The rendered text is used as it is, trailing newline included: what the YAML shows is what the model reads, and the completion
follows directly behind it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import jinja2
import jinja2.meta
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.errors import BenchError, first_line

_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False)


# What means something else in a template than the input of that name would.
RESERVED_WORDS = frozenset(
    ("choices", "self", "true", "false", "none", "True", "False", "None", "not", "and", "or", "if", "in", "is", "else")
)


@lru_cache(maxsize=64)
def _compiled(template: str) -> jinja2.Template:
    return _ENVIRONMENT.from_string(template)


def prompt_variables(template: str, *, optional: bool = False) -> frozenset[str]:
    """The names that a template needs; with `optional`, also those that it reads where they are there and does without where not:
    `{% if context is defined %}`, `{{ context|default("") }}`.

    Raises:
        ValueError: when the template is not valid Jinja, with its line.
    """
    try:
        parsed = _ENVIRONMENT.parse(template)
        read = frozenset(jinja2.meta.find_undeclared_variables(parsed))
    except jinja2.TemplateSyntaxError as error:
        raise ValueError(f"line {error.lineno} of the prompt is not valid Jinja: {error.message}") from None
    except RecursionError:
        raise ValueError("the prompt is nested too deeply") from None
    return read if optional else read - _asked_for(parsed)


def _asked_for(parsed: nodes.Template) -> frozenset[str]:
    """The names that a template looks for before it reads them."""
    tests = [test.node for test in parsed.find_all(nodes.Test) if test.name in ("defined", "undefined")]
    defaults = [found.node for found in parsed.find_all(nodes.Filter) if found.name in ("default", "d")]
    return frozenset(node.name for node in (*tests, *defaults) if isinstance(node, nodes.Name))


def render_prompt(template: str, inputs: Mapping[str, str], choices: Sequence[str] = ()) -> str:
    """The prompt of one example.

    Raises:
        BenchError: when the template fails on these inputs (an undefined name, a forbidden access).
    """
    try:
        return _compiled(template).render(**inputs, choices=list(choices))
    except Exception as error:  # a filter of Jinja's raises whatever its Python code does
        reason = first_line(error).rstrip(".")
        raise BenchError(f"the prompt cannot be rendered: {reason}. Its inputs: {', '.join(sorted(inputs))}.") from None


def variable_problem(name: str, column: str) -> str | None:
    """Why a prompt cannot read an input of that name, and what to do; None where it can.

    Args:
        column: where the input is from.
    """
    if name.isidentifier() and name not in RESERVED_WORDS:
        return None
    words = re.sub(r"\W+", "_", name).strip("_") or "text"
    better = "options" if name == "choices" else f"{words}_text" if words in RESERVED_WORDS else words
    better = better if better.isidentifier() else f"field_{better}"
    why = "means something else in a prompt" if name in RESERVED_WORDS else "is no word that a prompt can read"
    advice = f"Name it otherwise: --field {better}={column}, or in 'fields' {better}: {column}"
    return f"an input cannot be called '{name}', which {why}. {advice}"
