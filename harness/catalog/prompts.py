"""Prompts are Jinja templates in a sandbox: no attribute access to Python's insides, no files, undefined names are errors.

The rendered text is used as it is, trailing newline included: what the YAML shows is what the model reads, and the completion
follows directly behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import jinja2
import jinja2.meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.errors import BenchError

_ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False)


@lru_cache(maxsize=64)
def _compiled(template: str) -> jinja2.Template:
    return _ENVIRONMENT.from_string(template)


def prompt_variables(template: str) -> frozenset[str]:
    """The names that a template reads.

    Raises:
        ValueError: when the template is not valid Jinja, with its line.
    """
    try:
        return frozenset(jinja2.meta.find_undeclared_variables(_ENVIRONMENT.parse(template)))
    except jinja2.TemplateSyntaxError as error:
        raise ValueError(f"line {error.lineno} of the prompt is not valid Jinja: {error.message}") from None


def render_prompt(template: str, inputs: Mapping[str, str], choices: Sequence[str] = ()) -> str:
    """The prompt of one example.

    Raises:
        BenchError: when the template fails on these inputs (an undefined name, a forbidden access).
    """
    try:
        return _compiled(template).render(**inputs, choices=list(choices))
    except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise BenchError(f"the prompt cannot be rendered: {error}. Its inputs: {', '.join(sorted(inputs))}.") from None
