"""Everything that a judge is asked about the outputs of a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from harness.errors import BenchError, setting
from harness.judging.judge_prompts import write_prompt
from harness.results import TaskScores
from harness.types import Cell, Example, JudgeSpec


@dataclass(frozen=True)
class JudgeQuestion:
    """One question; the fields are those of a `Judgement`."""

    example: str
    strategies: tuple[str, ...]
    question: int
    repeat: int
    prompt: str

    @property
    def key(self) -> tuple[str, tuple[str, ...], int, int]:
        """What is asked."""
        return self.example, self.strategies, self.question, self.repeat


def list_judge_questions(spec: JudgeSpec, results: TaskScores, cells: Mapping[str, Cell]) -> list[JudgeQuestion]:
    """All questions, example by example. A pair is shown in both orders, and not at all where its outputs are equal.

    Args:
        cells: whose outputs are judged, by strategy.

    Raises:
        BenchError: a judge of pairs with one strategy, or a task without outputs.
    """
    if spec.kind == "pairwise" and len(cells) < 2:
        named = ", ".join(cells)
        raise BenchError(
            f"judge '{spec.name}': compares two outputs, but only the outputs of {named} are to be judged. Name another strategy with "
            f"{setting('strategies', f'{named},STRATEGY')}, or write kind: rubric."
        )
    outputs = {name: {p.example_id: p.output for p in results.predictions(cell)} for name, cell in cells.items()}
    if not results.examples or not any(text.strip() for texts in outputs.values() for text in texts.values()):
        raise BenchError(
            f"{results.run.path}: task '{results.task.name}' has no outputs to judge. Only totals were imported, or nothing was."
        )
    questions: list[JudgeQuestion] = []
    for repeat in range(spec.repeats):
        for example in results.examples:
            texts = {name: by_example.get(example.id, "") for name, by_example in outputs.items()}
            questions += _ask_about(spec, example, texts, repeat)
    return questions


def _ask_about(spec: JudgeSpec, example: Example, outputs: Mapping[str, str], repeat: int) -> list[JudgeQuestion]:
    shown: Sequence[tuple[str, ...]] = [(name,) for name in outputs]
    if spec.kind == "pairwise":
        pairs = [(one, other) for one, other in combinations(outputs, 2) if outputs[one].strip() != outputs[other].strip()]
        shown = [order for pair in pairs for order in (pair, pair[::-1])]
    numbers = range(max(1, len(spec.questions)))
    return [
        JudgeQuestion(example.id, names, number, repeat, write_prompt(spec, example, [outputs[name] for name in names], number))
        for names in shown
        for number in numbers
    ]
