"""The size of the page, which has to fit into a mail: it is nearly all examples."""

from __future__ import annotations

import random

from report_factory import page_of

from harness.data.clinic import generate_records
from harness.reporting.formats.example_package import pack_examples
from harness.reporting.views import build_task_outcome
from harness.reporting.views.sections import OutputSource, ShownExample, ShownOutput
from harness.reporting.views.sections.shown_examples import MOST_STRATEGIES
from harness.results import RunResults

MOST = 1_500_000  # bytes of a page about 500 test examples
SAMPLE = 50


def shuffled(text: str, draw: random.Random) -> str:
    """An output that says other things with the words of the reference, as models do."""
    words = text.split(" ")
    return " ".join(draw.choice(words) if draw.random() < 0.3 else word for word in words)


def test_page_about_500_examples_of_all_strategies_stays_below_a_megabyte_and_a_half(plain: RunResults) -> None:
    draw = random.Random(1)
    records = [example for split, example in generate_records("summarization", size=5 * SAMPLE, seed=1) if split == "test"]
    sources = [OutputSource(f"strategy {k}", None) for k in range(MOST_STRATEGIES)]
    examples = tuple(
        ShownExample(
            example.id,
            next(iter(example.inputs.values())),
            tuple(example.inputs.items()),
            example.targets,
            None,
            tuple(ShownOutput(source, shuffled(example.targets[0], draw), None, draw.random(), False, ()) for source in sources),
        )
        for example in records
    )
    (task,) = plain.by_task.values()
    packed = len(pack_examples(examples, build_task_outcome(task).primary))
    page = len(page_of(plain).encode())
    assert page + packed * 500 / SAMPLE < MOST, (page, packed)
