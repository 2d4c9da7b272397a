"""Typical runs, for the snapshots of sentences: one person can read what a report says about each of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from report_factory import Made, MadeTask, classification, learned, make_run, questions, summarization

from harness.reporting.views import Report, build_report_view
from harness.results import RunResults

SIZES = (50, 100, 200, 400, 800)


@dataclass(frozen=True)
class Situation:
    """A run to describe, and what is typical about it."""

    name: str
    tasks: tuple[MadeTask, ...]


def seeds(strategy: str, *qualities: float, seconds: float) -> list[Made]:
    """A strategy with one seed for each quality."""
    return [Made(strategy, quality, seed, train_seconds=seconds) for seed, quality in enumerate(qualities, 1)]


BASE = Made("base", 0.1)
FULL = Made("full", 0.99, 1, train_seconds=1000)
SITUATIONS = (
    Situation(
        "clear winner",
        (summarization([BASE, Made("lora", 0.97, 1, train_seconds=100), Made("full", 0.6, 1, train_seconds=1000)], rows=200),),
    ),
    Situation(
        "the cheapest of two good ones, several seeds, errors counted",
        (
            summarization(
                [BASE, *seeds("lora", 0.97, 0.972, 0.968, seconds=100), *seeds("full", 0.99, 0.99, 0.99, seconds=1000)],
                rows=200,
                margin=0.1,
                metrics=("rouge", "facts"),
            ),
        ),
    ),
    Situation(
        "seeds that differ",
        (
            summarization(
                [BASE, *seeds("lora", 0.99, 0.85, 1.0, seconds=100), *seeds("full", 0.99, 0.99, 0.99, seconds=1000)], rows=200, margin=0.1
            ),
        ),
    ),
    Situation("two seeds", (summarization([BASE, *seeds("lora", 0.98, 0.98, seconds=100)], rows=200, margin=0.1),)),
    Situation(
        "too close to call",
        (summarization([BASE, Made("lora", 0.6, 1, train_seconds=100), Made("full", 0.62, 1, train_seconds=1000)], rows=60),),
    ),
    Situation(
        "too close to call, the cheaper one nearly as good",
        (
            summarization(
                [Made("base", 0.5), Made("lora", 0.6, 1, train_seconds=1000), Made("full", 0.61, 1, train_seconds=100)],
                rows=45,
                margin=0.03,
            ),
        ),
    ),
    Situation(
        "the untuned model is good enough",
        (summarization([Made("base", 0.98), Made("lora", 0.99, 1, train_seconds=9)], rows=300, margin=0.1),),
    ),
    Situation(
        "the untuned model may be good enough",
        (summarization([Made("base", 0.955), Made("lora", 1.0, 1, train_seconds=100)], rows=150, margin=0.05),),
    ),
    Situation("low confidence", (classification([Made("base", 0.1), Made("lora", 0.97, 1, train_seconds=9)], rows=24),)),
    Situation(
        "failed cells",
        (
            classification(
                [
                    Made("base", 0.35),
                    *seeds("lora", 0.82, 0.85, seconds=300),
                    Made("qlora", 0.8, 1, train_seconds=700),
                    Made("qlora", 0.8, 2, train_seconds=40, status="diverged", error="the loss is NaN at step 40"),
                    Made("full", 1, 1, train_seconds=55, status="out-of-memory", error="does not fit in 24 GB"),
                    Made("dora", 1, 1, status="interrupted"),
                ]
            ),
        ),
    ),
    Situation("no base", (summarization([Made("lora", 0.5, 1, train_seconds=9), Made("qlora", 0.4, 1, train_seconds=9)]),)),
    Situation("one strategy", (summarization([Made("lora", 0.5, 1, train_seconds=9)]),)),
    Situation(
        "nothing finished",
        (
            summarization(
                [Made("base", status="failed", error="the weights cannot be read"), Made("lora", seed=1, status="interrupted")],
            ),
        ),
    ),
    Situation("external outputs", (summarization([BASE, Made("vendor", 0.9, model="external")], rows=200, margin=0.1),)),
    Situation(
        "two models and two sizes",
        (
            classification(
                [
                    Made("base", 0.2, model="small"),
                    Made("fewshot", 0.4, 1, size=4, model="small"),
                    *(learned("lora", size, 1, model=model) for model in ("small", "encoder") for size in (100, 800)),
                ],
                rows=120,
            ),
        ),
    ),
    Situation("a learning curve that rises", (summarization([BASE, *(learned("lora", n, seed) for n in SIZES for seed in (1, 2, 3))]),)),
    Situation(
        "a flat learning curve",
        (summarization([Made("lora", 0.7, seed, train_seconds=9, size=n) for n in SIZES for seed in (1, 2, 3)], margin=0.1),),
    ),
    Situation(
        "an uncertain learning curve", (summarization([Made("lora", 0.9 - 3 * n**-0.5, 1, train_seconds=9, size=n) for n in SIZES]),)
    ),
    Situation("three sizes", (summarization([learned("lora", n, 1) for n in SIZES[:3]]),)),
    Situation(
        "lower is better",
        (
            MadeTask(
                "edits",
                "summarization",
                [Made("base", 0.3), Made("lora", 0.9, 1, train_seconds=9)],
                metrics=("ter",),
                primary="ter",
                margin=1.0,
                rows=80,
            ),
        ),
    ),
    Situation("two tasks", (summarization([BASE, FULL], rows=120, margin=0.1), questions([BASE, FULL], rows=120))),
)


# Of the runs that are made; removed when the process ends.
_FOLDER = TemporaryDirectory(prefix="situations-")


@cache
def run_of(name: str) -> RunResults:
    """The run of a situation; made once."""
    situation = next(each for each in SITUATIONS if each.name == name)
    return make_run(Path(_FOLDER.name) / name.replace(" ", "-") / "run", situation.tasks)


@cache
def report_of(name: str) -> Report:
    """The report of a situation; made once."""
    return build_report_view(run_of(name), with_text=False)
