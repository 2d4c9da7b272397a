"""The size of the report's page and the time that it takes to write it, for 12 cells on 500 and on 10,000 test examples; see README.md."""

import time

import pytest
from report_factory import Made, make_run, summarization

from harness.data.clinic import generate_records
from harness.reporting import render
from harness.results import RunResults

pytestmark = pytest.mark.benchmark

STRATEGIES = {"full": 0.9, "lora": 0.88, "qlora": 0.85, "dora": 0.8, "vera": 0.6}


def shuffled_lines(quality):
    """Answers with the reference, of which words are replaced by other words of the reference."""

    def answer(example, draw):
        words = example.targets[0].split(" ")
        return " ".join(word if draw.random() < quality else draw.choice(words) for word in words)

    return answer


def make_cells():
    """Twelve: two prompts, and five trained strategies with two seeds each."""
    prompts = [Made("base", answer=shuffled_lines(0.3)), Made("few-shot", seed=1, answer=shuffled_lines(0.5))]
    trained = [
        Made(name, seed=seed, train_seconds=90, answer=shuffled_lines(quality + seed / 100))
        for name, quality in STRATEGIES.items()
        for seed in (1, 2)
    ]
    return prompts + trained


@pytest.mark.parametrize("rows", [500, 10_000])
def test_page(record_property, tmp_path, rows):
    """Printed, not asserted: timings depend on the machine."""
    tests = [example for split, example in generate_records("summarization", size=5 * rows, seed=1) if split == "test"]
    task = summarization(
        make_cells(),
        rows=rows,
        metrics=("rouge", "facts", "faithfulness") if rows < 1000 else ("rouge", "facts"),
        primary="rougeL",
        text=lambda i: tests[i].inputs["input"],
        targets=lambda i: tests[i].targets[0],
        meta=lambda i: tests[i].meta,
        group=lambda i: tests[i].group or "",
        guardrails={"critical_error_rate": {"at_most": 0.05}},
    )
    run = make_run(tmp_path / "run", [task])
    start = time.perf_counter()
    page = render(RunResults(run.folder))
    seconds = time.perf_counter() - start
    size = len(page.encode()) / 1e6
    record_property("seconds", seconds)
    record_property("megabytes", size)
    print(f"\n12 cells on {rows:,} test examples: {size:.2f} MB, written in {seconds:.1f} s")
