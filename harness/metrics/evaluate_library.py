"""Metrics of the `evaluate` library, named `evaluate:<name or path>`. They are computed for each example alone; the score is the mean.

    evaluate:wer            the metric `wer` of the Hub        evaluate:./metrics/tone      a folder with your own script
    evaluate:wer:lower      the same, and lower is better; without a direction, the score only informs and ranks nothing

The library runs the metric's script, which is third-party code, so it runs only when the user allows it and only when outputs are scored.
The numbers are stored with the predictions; reading a run uses the stored numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from numbers import Real
from pathlib import Path
from typing import Any, Literal, get_args

from harness.errors import BenchError, first_line, setting
from harness.metrics.family import Family, example_metric
from harness.metrics.join import MissingPrediction
from harness.types import Example, Kind, Metric, Prediction

LIBRARY_PREFIX = "evaluate:"
SCRIPT_PREFIX = "script of "  # precedes the name of a score in the provenance of a cell
# Metrics of the library that score a written answer by itself or against its reference; others name them without the prefix.
LIBRARY_METRICS = (
    "bertscore", "bleurt", "cer", "character", "charcut_mt", "comet", "frugalscore", "google_bleu", "meteor", "nist_mt", "perplexity",
    "sari", "wer",
)  # fmt: skip
_DIRECTIONS = ("higher", "lower")


def is_library_metric(name: str) -> bool:
    """Whether a name refers to a metric of the library."""
    return name.startswith(LIBRARY_PREFIX)


def library_score_name(name: str) -> str:
    """The name of the metric's score: the last part of its path, without extension."""
    return Path(_parse_name(name)[0]).stem


def get_script_digests(names: Sequence[str]) -> dict[str, str]:
    """The current digests of the users' own scripts among these metrics, for the provenance of what they score.

    Raises:
        BenchError: one of the metrics cannot be loaded.
    """
    digests = {}
    for name in filter(is_library_metric, names):
        path = _parse_name(name)[0]
        _load_module(path)
        digests[SCRIPT_PREFIX + library_score_name(name)] = _script_digest(path).rpartition(":")[2] or "of the library"
    return digests


def library_family(name: str, *, run_code: bool) -> Family:
    """The metric as a family with one score.

    Args:
        run_code: whether the metric's script may be run; stored numbers are read without it.
    """
    path, direction = _parse_name(name)
    score = library_score_name(name)

    def per_example(example: Example, prediction: Prediction) -> float | None:
        if not example.targets or isinstance(prediction, MissingPrediction):  # the worst value of a library metric is not known
            return None
        if score in prediction.scores:
            return prediction.scores[score]
        if not run_code:
            raise BenchError(f"the metric '{name}' runs a script of the evaluate library. Allow it with {setting('trust_remote_code')}.")
        return _compute(path, score, prediction.answer, tuple(example.targets))

    def build(labels: Sequence[str]) -> tuple[Metric, ...]:
        return (example_metric(score, direction, "", per_example, f"evaluate|metric:{Path(path).name}{_script_digest(path)}|mean-of-rows"),)

    return Family(name, get_args(Kind), (score,), build)


def _parse_name(name: str) -> tuple[str, Literal["higher", "lower", "none"]]:
    """The metric's name or path, and its direction."""
    path, colon, last = name.removeprefix(LIBRARY_PREFIX).rpartition(":")
    if colon and last in _DIRECTIONS:
        return path, "higher" if last == "higher" else "lower"
    return name.removeprefix(LIBRARY_PREFIX), "none"


def _script_digest(path: str) -> str:
    """The digest of a user's own script, as part of a signature, because a changed script is another metric; empty for a library metric."""
    file = Path(path)
    file = file / f"{file.name}.py" if file.is_dir() else file
    return f"|sha256:{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}" if file.is_file() else ""


@lru_cache(maxsize=8)
def _load_module(path: str) -> Any:
    try:
        import evaluate

        return evaluate.load(path)
    except Exception as error:  # a script or a missing network can raise anything
        raise BenchError(f"{LIBRARY_PREFIX}{path}: the evaluate library cannot load it: {first_line(error)}") from None


def _compute(path: str, score: str, answer: str, targets: tuple[str, ...]) -> float:
    module = _load_module(path)
    features = module.features[0] if isinstance(module.features, list) else module.features
    takes_several = not hasattr(features.get("references"), "dtype") or isinstance(features["references"], list)
    try:
        result = module.compute(predictions=[answer], references=[list(targets) if takes_several else targets[0]])
    except Exception as error:
        raise BenchError(f"{LIBRARY_PREFIX}{path}: failed: {type(error).__name__}: {first_line(error)}") from error
    numbers = {key: value for key, value in result.items() if isinstance(value, Real) and not isinstance(value, bool)}
    if score in numbers:
        return float(numbers[score])
    if len(numbers) == 1:
        return float(next(iter(numbers.values())))
    raise BenchError(f"{LIBRARY_PREFIX}{path}: returned {', '.join(result) or 'nothing'}, but no number named '{score}'")
