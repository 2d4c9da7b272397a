"""Signs of a model that does not do the task: empty outputs, outputs that repeat the prompt, the same output for everything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.metrics import join
from harness.types import Example, Prediction, Task

_LEAST_CHARACTERS = 20  # a shorter text may be repeated by chance, and by a right answer
_MOST_OF_INPUT = 0.8
_TEMPLATE_MARKUP = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


@dataclass(frozen=True)
class OutputProfile:
    """Counts over the test examples of one cell. A missing prediction counts as an empty output.

    Attributes:
        answered, empty: the examples that have an answer, and the outputs to these that are blank.
        written, repeating: the examples whose references do not repeat the prompt, and the outputs to these that do.
        constant: the answer that is given to every example although the references differ; it may be that there is no answer. None if there
            are several answers, or nothing was written.
    """

    answered: int
    empty: int
    written: int
    repeating: int
    constant: str | None


def profile_outputs(task: Task, examples: Sequence[Example], predictions: Sequence[Prediction]) -> OutputProfile:
    """The profile of one cell's outputs."""
    pairs = join(examples, predictions)
    answered = [prediction for example, prediction in pairs if example.targets]
    repeats = [] if task.chooses else _count_repeats(task, pairs)
    answers = {prediction.answer for _, prediction in pairs}
    references = {example.targets for example in examples}
    is_written = any(prediction.output.strip() for _, prediction in pairs)
    is_constant = is_written and len(answers) == 1 and len(pairs) > 1 and len(references) > 1
    return OutputProfile(
        answered=len(answered),
        empty=sum(not prediction.output.strip() for prediction in answered),
        written=len(repeats),
        repeating=sum(repeats),
        constant=answers.pop() if is_constant else None,
    )


def _count_repeats(task: Task, pairs: Sequence[tuple[Example, Prediction]]) -> list[bool]:
    """For each example whose references do not repeat the prompt, whether the output does."""
    instruction = max((_normalize(line) for line in _TEMPLATE_MARKUP.sub("\n", task.prompt).splitlines()), key=len, default="")
    repeats = []
    for example, prediction in pairs:
        given = [text for text in (instruction, _normalize(max(example.inputs.values(), key=len, default=""))) if _is_long(text)]
        if given and not any(_repeats(_normalize(target), given) for target in example.targets):
            repeats.append(_repeats(_normalize(prediction.output), given))
    return repeats


def _repeats(output: str, given: Sequence[str]) -> bool:
    """Whether an output contains one of these texts, or is most of one. Extracts are shorter: quoting a sentence is not repeating."""
    return any(text in output or (len(output) >= _MOST_OF_INPUT * len(text) and output in text) for text in given)


def _is_long(text: str) -> bool:
    return len(text) >= _LEAST_CHARACTERS


def _normalize(text: str) -> str:
    return " ".join(text.casefold().split())
