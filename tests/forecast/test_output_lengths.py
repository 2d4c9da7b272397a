"""How long outputs become: the likely case, the shortest and the longest."""

from __future__ import annotations

import random

import pytest

from harness.api.catalogs import open_catalog
from harness.engine.inference import count_rows
from harness.engine.inference.decoding_state import OpenOutputs
from harness.forecast.output_lengths import OutputLengths, WrittenTokens
from harness.types import DecodeSpec

SHIPPED = {name: open_catalog((), ()).task(name).value for name in ("generation", "qa", "summarization")}


@pytest.mark.parametrize("lengths", [[1], [3, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8], [192] * 3 + [4] * 61, *[[n % 50 + 1] * 9 for n in range(3)]])
def test_rows_are_counted_as_a_batch_removes_them(lengths: list[int]) -> None:
    random.Random(0).shuffle(lengths)
    outputs, rows, step = OpenOutputs(len(lengths), [0], None), list(range(len(lengths))), 0
    total = 0
    while outputs.any_open:
        step += 1
        total += len(rows)
        outputs.add([0 if lengths[row] <= step else 5 for row in rows], [0.0] * len(rows))
        kept = outputs.drop_finished() if outputs.any_open else None
        rows = rows if kept is None else [rows[place] for place in kept]
    assert count_rows(lengths) == total


def test_one_output_without_an_end_decides_how_long_its_batch_writes() -> None:
    """64 references of 10 tokens and a limit of 100: one output in ten does not end, so that almost every batch reaches the limit, with
    few rows."""
    lengths = OutputLengths.of([[10] * 64], limit=100, steps=100, task=SHIPPED["summarization"])
    assert lengths.shortest == WrittenTokens(5, 5 * 64)
    assert lengths.longest == WrittenTokens(100, 100 * 64)
    assert 95 < lengths.likely.steps < 100
    assert 10 * 64 < lengths.likely.row_steps < 3 * 10 * 64
    alone = OutputLengths.of([[10]], limit=100, steps=100, task=SHIPPED["summarization"]).likely.steps
    assert 10 < alone < 20, "an output of its own ends, most likely"


def test_a_model_that_was_hardly_trained_writes_longer() -> None:
    untuned, hardly, trained = (OutputLengths.of([[10] * 8], limit=100, steps=steps, task=SHIPPED["summarization"]) for steps in (0, 3, 60))
    assert untuned == hardly
    assert untuned.likely.row_steps > 1.5 * trained.likely.row_steps
    assert (untuned.shortest, untuned.longest) == (trained.shortest, trained.longest)


def test_free_texts_of_an_untrained_model_hardly_ever_end() -> None:
    def rows(steps: int, task: str) -> float:
        return OutputLengths.of([[10] * 8], limit=100, steps=steps, task=SHIPPED[task]).likely.row_steps

    assert rows(0, "generation") > 1.5 * rows(0, "summarization")
    assert rows(60, "generation") == rows(60, "summarization")


def test_answers_to_questions_end_with_their_line_trained_or_not() -> None:
    untrained, trained = (OutputLengths.of([[10] * 16], limit=100, steps=steps, task=SHIPPED["qa"]) for steps in (0, 60))
    assert untrained == trained
    assert 10 < untrained.likely.steps < 50, "in most batches of 16, all of them end"
    without_stop = SHIPPED["qa"].model_copy(update={"decode": DecodeSpec(max_new_tokens=100)})
    assert OutputLengths.of([[10] * 16], limit=100, steps=0, task=without_stop).likely.steps > 90, "nothing ends them"


def test_references_longer_than_the_limit_are_cut() -> None:
    lengths = OutputLengths.of([[500, 20]], limit=64, steps=0, task=SHIPPED["summarization"])
    assert lengths.likely.steps == lengths.longest.steps == 64
    assert lengths.scaled(3.0).longest == WrittenTokens(3 * 64, 3 * 128)
