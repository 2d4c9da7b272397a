"""A judge's question as an example of a task, so that judges are asked through the same code as every other model."""

from __future__ import annotations

from harness.judging.judge_questions import JudgeQuestion
from harness.types import DataSpec, DecodeSpec, Example, JudgeSpec, Task

_INPUT = "question"
_ANY_LENGTH = 10_000_000  # tokens: only the model's context limits prompt and answer


def make_judge_task(spec: JudgeSpec) -> Task:
    """A task whose prompt is the question. Without a reason, a model of this machine chooses among the verdicts."""
    chooses = spec.model is not None and not spec.reasons
    return Task(
        name=spec.name,
        kind="classification" if chooses else "generation",
        data=DataSpec(source="judge"),
        prompt=f"{{{{ {_INPUT} }}}}",
        labels=spec.verdicts if chooses else (),
        metrics=("accuracy" if chooses else "exact_match",),
        primary="accuracy" if chooses else "exact_match",
        max_length=_ANY_LENGTH,
        decode=DecodeSpec(max_new_tokens=spec.max_new_tokens),
    )


def make_judge_example(number: int, question: JudgeQuestion, task: Task) -> Example:
    """A question as an example; its id is its number among all questions."""
    return Example(str(number), {_INPUT: question.prompt}, (), task.labels)
