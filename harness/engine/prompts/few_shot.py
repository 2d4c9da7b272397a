"""The training examples that a few-shot prompt shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from harness.data.identity import seeded_rank
from harness.engine.prompts.prompt_encoder import Shot
from harness.engine.prompts.rendering import render_for, target_for
from harness.types import Example, Shape, Strategy, Task


def draw_shots(rows: Sequence[Example], count: int, seed: int) -> list[Example]:
    """So many rows in random order; where an answer is one of some labels, as many of each label as it works out.

    Fewer shots with the same seed are the first of more.
    """
    by_label: dict[str, list[Example]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: seeded_rank(seed, row.id)):
        by_label[row.targets[0] if row.choices else ""].append(row)
    labels = sorted(by_label, key=lambda label: seeded_rank(seed, label))
    longest = max((len(of_label) for of_label in by_label.values()), default=0)
    rounds = (by_label[label][i] for i in range(longest) for label in labels if i < len(by_label[label]))
    return [row for row, _ in zip(rounds, range(count), strict=False)]


def shots_for(task: Task, strategy: Strategy, shape: Shape, rows: Sequence[Example], seed: int) -> list[Shot]:
    """The shots of a few-shot strategy, rendered."""
    render, target = render_for(task, strategy, shape), target_for(task)
    return [Shot(render(row), target(row)) for row in draw_shots(rows, strategy.shots, seed)]
