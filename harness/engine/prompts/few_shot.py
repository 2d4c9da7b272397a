"""The training examples that a few-shot prompt shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from harness.data.identity import seeded_rank
from harness.engine.prompts.prompt_encoder import Shot
from harness.engine.prompts.rendering import prompt_renderer, training_target
from harness.types import EARLIER_TURNS, Example, Shape, Strategy, Task, read_turns


def draw_shots(examples: Sequence[Example], count: int, seed: int) -> list[Example]:
    """Draw examples in random order; if answers are chosen from labels, the labels are balanced as far as possible.

    With the same seed, fewer shots are the first of more. An example from the middle of a conversation is not drawn: it makes no sense
    without what was said before.
    """
    by_label: dict[str, list[Example]] = defaultdict(list)
    for example in sorted(filter(_begins_conversation, examples), key=lambda e: seeded_rank(seed, e.id)):
        by_label[example.targets[0] if example.choices else ""].append(example)
    labels = sorted(by_label, key=lambda label: seeded_rank(seed, label))
    most = max((len(of_label) for of_label in by_label.values()), default=0)
    in_turn = (by_label[label][i] for i in range(most) for label in labels if i < len(by_label[label]))
    return [example for example, _ in zip(in_turn, range(count), strict=False)]


def _begins_conversation(example: Example) -> bool:
    return EARLIER_TURNS not in example.inputs or all(turn.role == "system" for turn in read_turns(example.inputs[EARLIER_TURNS]))


def render_shots(task: Task, strategy: Strategy, shape: Shape, examples: Sequence[Example], seed: int) -> tuple[Shot, ...]:
    """Draw and render the shots of a few-shot strategy from the training examples; empty for other strategies."""
    render = prompt_renderer(task, strategy, shape)
    drawn = draw_shots(examples, strategy.shots, seed) if strategy.shots else []
    return tuple(Shot(render(example), training_target(task, example)) for example in drawn)
