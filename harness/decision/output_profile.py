"""Signs of a model that does not do the task: empty outputs, outputs that repeat the prompt, the same output for everything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

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


class OutputProfiler:
    """Profiles the outputs of cells on the same test examples."""

    def __init__(self, task: Task, examples: Sequence[Example]) -> None:
        self._task = task
        self._examples = examples

    def profile(self, predictions: Sequence[Prediction]) -> OutputProfile:
        """The profile of one cell's outputs."""
        pairs = join(self._examples, predictions)
        answered = [prediction for example, prediction in pairs if example.targets]
        compared = zip(pairs, self._prompts, strict=True)
        repeats = [_repeats(_normalize(prediction.output), given) for (_, prediction), given in compared if given]
        answers = {prediction.answer for _, prediction in pairs}
        references = {example.targets for example in self._examples}
        is_written = any(prediction.output.strip() for _, prediction in pairs)
        is_constant = is_written and len(answers) == 1 and len(pairs) > 1 and len(references) > 1
        return OutputProfile(
            answered=len(answered),
            empty=sum(not prediction.output.strip() for prediction in answered),
            written=len(repeats),
            repeating=sum(repeats),
            constant=answers.pop() if is_constant else None,
        )

    @cached_property
    def _prompts(self) -> list[tuple[str, ...]]:
        """By example, the texts of its prompt that an output could repeat; none where a reference repeats them, or labels are chosen."""
        if self._task.chooses:
            return [()] * len(self._examples)
        instruction = max((_normalize(line) for line in _TEMPLATE_MARKUP.sub("\n", self._task.prompt).splitlines()), key=len, default="")
        prompts = []
        for example in self._examples:
            texts = (instruction, _normalize(max(example.inputs.values(), key=len, default="")))
            given = tuple(text for text in texts if len(text) >= _LEAST_CHARACTERS)
            prompts.append(() if any(_repeats(_normalize(target), given) for target in example.targets) else given)
        return prompts


def _repeats(output: str, given: Sequence[str]) -> bool:
    """Whether an output contains one of these texts, or is most of one. Extracts are shorter: quoting a sentence is not repeating."""
    return any(text in output or (len(output) >= _MOST_OF_INPUT * len(text) and output in text) for text in given)


def _normalize(text: str) -> str:
    return " ".join(text.casefold().split())
