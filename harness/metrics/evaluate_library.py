"""Metrics of the `evaluate` library, named as `evaluate:<name or path>`: what it computes for each example alone, and the mean of that.

    evaluate:wer            the metric `wer` of the Hub        evaluate:./metrics/tone      a folder with a script of your own
    evaluate:wer:lower      the same, with the direction that is better; without one it informs and ranks nothing

The library runs the metric's script, which is anybody's code: it is run where the user said so, when outputs are scored. The numbers are
stored with the predictions, and whoever reads a run later takes them from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from numbers import Real
from pathlib import Path
from typing import Any, Literal, get_args

from harness.errors import BenchError, first_line
from harness.metrics.family import Family, example_metric
from harness.metrics.join import Missing
from harness.types import Example, Kind, Metric, Prediction

PREFIX = "evaluate:"
SCRIPT = "script of "  # before a score's name, in what is kept of how a cell was made
_DIRECTIONS = ("higher", "lower")


def is_of_library(name: str) -> bool:
    """Whether a metric's name means one of the library."""
    return name.startswith(PREFIX)


def score_of(name: str) -> str:
    """The name of its score: the last part of the path, without an extension."""
    return Path(_named(name)[0]).stem


def scripts_of(names: Sequence[str]) -> dict[str, str]:
    """The digests of the users' own scripts among these metrics, by score, as they are now: kept with what they have scored.

    Raises:
        BenchError: one of the metrics cannot be loaded.
    """
    found = {}
    for name in filter(is_of_library, names):
        path = _named(name)[0]
        _module(path)
        found[SCRIPT + score_of(name)] = _script_digest(path).rpartition(":")[2] or "of the library"
    return found


def library_family(name: str, *, run_code: bool) -> Family:
    """The metric as a family of one score.

    Args:
        run_code: whether the metric's script may be run; stored numbers are read without it.
    """
    path, direction = _named(name)
    score = score_of(name)

    def per_example(example: Example, prediction: Prediction) -> float | None:
        if not example.targets or isinstance(prediction, Missing):  # nobody knows what the worst value of anybody's metric is
            return None
        if score in prediction.scores:
            return prediction.scores[score]
        if not run_code:
            raise BenchError(f"the metric '{name}' runs a script of the evaluate library: allow it with --trust-remote-code")
        return _compute(path, score, prediction.answer, tuple(example.targets))

    def build(labels: Sequence[str]) -> tuple[Metric, ...]:
        return (example_metric(score, direction, "", per_example, f"evaluate|metric:{Path(path).name}{_script_digest(path)}|mean-of-rows"),)

    return Family(name, get_args(Kind), (score,), build)


def _named(name: str) -> tuple[str, Literal["higher", "lower", "none"]]:
    """The name or path, and the direction behind it."""
    path, colon, last = name.removeprefix(PREFIX).rpartition(":")
    if colon and last in _DIRECTIONS:
        return path, "higher" if last == "higher" else "lower"
    return name.removeprefix(PREFIX), "none"


def _script_digest(path: str) -> str:
    """Of a script of the user's: another one is another metric."""
    file = Path(path)
    file = file / f"{file.name}.py" if file.is_dir() else file
    return f"|sha256:{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}" if file.is_file() else ""


@lru_cache(maxsize=8)
def _module(path: str) -> Any:
    try:
        import evaluate

        return evaluate.load(path)
    except Exception as error:  # whatever a script or a missing network raises
        raise BenchError(f"{PREFIX}{path}: the evaluate library cannot load it: {first_line(error)}") from None


def _compute(path: str, score: str, answer: str, targets: tuple[str, ...]) -> float:
    module = _module(path)
    wanted = module.features[0] if isinstance(module.features, list) else module.features
    several = not hasattr(wanted.get("references"), "dtype") or isinstance(wanted["references"], list)
    try:
        found = module.compute(predictions=[answer], references=[list(targets) if several else targets[0]])
    except Exception as error:
        raise BenchError(f"{PREFIX}{path}: failed: {type(error).__name__}: {first_line(error)}") from error
    numbers = {key: value for key, value in found.items() if isinstance(value, Real) and not isinstance(value, bool)}
    if score in numbers:
        return float(numbers[score])
    if len(numbers) == 1:
        return float(next(iter(numbers.values())))
    raise BenchError(f"{PREFIX}{path}: gives {', '.join(found) or 'nothing'}, and none of it is the number '{score}'")
