"""How long outputs become: the likely case, the shortest and the longest."""

from __future__ import annotations

import random

import pytest

from harness.api.catalogs import open_catalog
from harness.engine.inference import count_rows
from harness.engine.inference.decoding_state import OpenOutputs
from harness.forecast.output_lengths import AskedOutputs, OutputLengths, OutputSample, WrittenTokens, usual_endless_share
from harness.types import DecodeSpec, Task

SHIPPED = {name: open_catalog((), ()).task(name).value for name in ("generation", "qa", "summarization")}


def lengths_of(batch: list[int], steps: int, task: Task, limit: int = 100) -> OutputLengths:
    """Those of a batch of references, of a model that was trained in so many steps."""
    return AskedOutputs((tuple(batch),), limit, usual_endless_share(task, steps)).lengths()


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
    lengths = lengths_of([10] * 64, 1000, SHIPPED["summarization"])
    assert lengths.shortest == WrittenTokens(5, 5 * 64)
    assert lengths.longest == WrittenTokens(100, 100 * 64)
    assert 95 < lengths.likely.steps < 100
    assert 10 * 64 < lengths.likely.row_steps < 3 * 10 * 64
    alone = lengths_of([10], 1000, SHIPPED["summarization"]).likely.steps
    assert 10 < alone < 20, "an output of its own ends, most likely"


def test_the_longer_a_model_was_trained_the_more_of_its_outputs_end() -> None:
    trained = [lengths_of([10] * 8, steps, SHIPPED["summarization"]) for steps in (0, 15, 60, 210, 1000)]
    rows = [each.likely.row_steps for each in trained]
    assert rows == sorted(rows, reverse=True) and rows[0] < 1.2 * rows[1] and rows[0] > 2 * rows[-1]
    assert len({each.shortest for each in trained}) == len({each.longest for each in trained}) == 1


def test_free_texts_of_an_untrained_model_hardly_ever_end() -> None:
    def rows(steps: int, task: str) -> float:
        return lengths_of([10] * 8, steps, SHIPPED[task]).likely.row_steps

    assert rows(0, "generation") > 1.5 * rows(0, "summarization")
    assert rows(30, "generation") > 1.4 * rows(30, "summarization"), "30 steps change little"
    assert rows(2000, "generation") == pytest.approx(rows(2000, "summarization"), rel=1e-3)


def test_answers_to_questions_end_with_their_line_trained_or_not() -> None:
    untrained, trained = (lengths_of([10] * 16, steps, SHIPPED["qa"]) for steps in (0, 60))
    assert untrained == trained
    assert 10 < untrained.likely.steps < 50, "in most batches of 16, all of them end"
    without_stop = SHIPPED["qa"].model_copy(update={"decode": DecodeSpec(max_new_tokens=100)})
    assert lengths_of([10] * 16, 0, without_stop).likely.steps > 90, "nothing ends them"


def test_more_answers_after_virtual_tokens_do_not_end() -> None:
    plain, virtual = (usual_endless_share(SHIPPED["qa"], 10, has_virtual_tokens=each) for each in (False, True))
    assert 2 * plain < virtual < 3 * plain
    for task in ("summarization", "generation"):
        assert usual_endless_share(SHIPPED[task], 10, has_virtual_tokens=True) == usual_endless_share(SHIPPED[task], 10)


def test_references_longer_than_the_limit_are_cut() -> None:
    lengths = lengths_of([500, 20], 0, SHIPPED["summarization"], limit=64)
    assert lengths.likely.steps == lengths.longest.steps == 64
    assert lengths.scaled(3.0).longest == WrittenTokens(3 * 64, 3 * 128)


def test_a_sample_of_outputs_counts_more_than_what_is_usual() -> None:
    """Of 16 outputs, none is endless, and they are 60% as long as their references, or all are endless; usual is 40%."""
    asked = AskedOutputs(((10,) * 16,), 100, 0.4)
    short, endless = (asked.lengths(OutputSample(16, each, 0.6)) for each in (0, 16))
    usual = asked.lengths()
    assert 6 < short.likely.row_steps / 16 < 20 < usual.likely.row_steps / 16 < 60 < endless.likely.row_steps / 16 <= 100
    assert short.shortest.row_steps == 6 * 16 and short.longest.row_steps < usual.longest.row_steps, "the range narrows, too"
    assert endless.shortest.row_steps > usual.shortest.row_steps and endless.longest == usual.longest


@pytest.mark.parametrize("count", [2, 16])
@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_interval_of_a_share_holds_it_and_narrows_with_more_outputs(count: int, share: float) -> None:
    sample, twice = OutputSample(count, share * count, 1.0), OutputSample(2 * count, 2 * share * count, 1.0)
    likely, low, high = sample.endless_share(0.4)
    assert 0 <= low <= share + 1e-9 and share - 1e-9 <= high <= 1 and min(share, 0.4) <= likely <= max(share, 0.4)
    assert high - low > twice.endless_share(0.4)[2] - twice.endless_share(0.4)[1]


def test_the_share_without_an_end_and_its_interval_follow_from_the_sample() -> None:
    """The usual share counts as one output. By Wilson (1927), the interval of no success in n trials ends at z² / (n + z²)."""
    likely, low, high = OutputSample(9, 0, 1.0).endless_share(0.4)
    assert likely == pytest.approx(0.4 / 10)
    assert (low, high) == (pytest.approx(0.0), pytest.approx(1.645**2 / (9 + 1.645**2)))


def test_outputs_that_are_longer_than_their_references_stop_at_the_limit() -> None:
    lengths = AskedOutputs(((10, 60),), 64, 0.1, times=2.0).lengths(OutputSample(8, 0, 3.0))
    assert lengths.likely.steps == lengths.longest.steps == 2 * 64
    assert lengths.shortest.row_steps == 2 * count_rows([30, 64]) < lengths.longest.row_steps < 2 * count_rows([64, 64])
