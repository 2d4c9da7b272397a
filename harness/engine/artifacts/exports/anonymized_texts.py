"""The prompt of an export with surrogates for identifiers of people.

What a task declares about its data is written for readers of the card, and stays as it is: an invented licence or period would be wrong.
"""

from __future__ import annotations

import re

from harness.data.privacy import TextGuard, count_identifiers
from harness.errors import BenchError, setting
from harness.results import FinishedCell
from harness.types import Strategy

_WITHIN = "export"  # surrogates are the same in all texts of an export
_JINJA = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})", re.DOTALL)


def make_export_guard(finished: FinishedCell) -> TextGuard:
    """What replaces identifiers in the texts of an export.

    Raises:
        BenchError: labels contain identifiers. The model answers with its labels, so nothing can replace them.
    """
    if count := sum(count_identifiers(finished.example.choices).values()):
        raise BenchError(
            f"{setting('anonymize')}: labels of the task '{finished.task.name}' contain what looks like identifiers of people ({count}). "
            "The model answers with its labels, so no surrogate can replace them. Rename the labels in the data, and train again."
        )
    return TextGuard(anonymize=True)


def anonymize_template(template: str, guard: TextGuard) -> str:
    """A prompt with surrogates in its text. Its variables and blocks stay as they are."""
    parts = _JINJA.split(template)
    return "".join(part if number % 2 else guard.pass_text(part, _WITHIN) for number, part in enumerate(parts))


def anonymize_strategy(strategy: Strategy, guard: TextGuard) -> Strategy:
    """A strategy with surrogates in its own prompt."""
    return strategy if strategy.prompt is None else strategy.model_copy(update={"prompt": anonymize_template(strategy.prompt, guard)})
