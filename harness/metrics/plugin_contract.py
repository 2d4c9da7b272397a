"""The contract of metric families, as a check that authors of plug-ins call in their tests.

def test_contract():
    check_family(FAMILY, examples, predictions)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, get_args

import numpy as np

from harness.metrics.family import BOUNDS, Family
from harness.metrics.join import join
from harness.types import Example, Kind, Metric, Prediction, Statistic

_Pairs: TypeAlias = Sequence[tuple[Example, Prediction]]


def check_family(family: Family, examples: Sequence[Example], predictions: Sequence[Prediction]) -> None:
    """Build the metrics of a family and check them on these examples, which should include good and bad answers.

    The check covers: the names are those that the family declares; each metric has a signature, a direction and a level; the statistic of
    an example is None or a tuple of finite numbers, always of the same length; None does not depend on the output; an empty output has a
    score; results are deterministic; `aggregate` takes leading axes and, for level "example", is the mean; and scores lie within the bounds
    of their unit.

    Raises:
        AssertionError: with the first violation.
        ValueError: there are no examples, or none that a metric applies to.
    """
    if not examples:
        raise ValueError("there are no examples to check the metrics on")
    pairs = join(examples, predictions)
    _check_names(family)
    labels = next((e.choices for e in examples if e.choices), ())
    metrics = family.build(labels)
    _expect(
        isinstance(metrics, tuple) and all(isinstance(m, Metric) for m in metrics),
        f"the family '{family.name}': build must return a tuple of Metric, not {metrics!r}",
    )
    names = tuple(m.name for m in metrics)
    _expect(names == family.scores, f"the family '{family.name}' declares the scores {family.scores}, but build returns {names}")
    for metric, again in zip(metrics, family.build(labels), strict=True):
        _check_metric(metric, again, pairs)


def _check_names(family: Family) -> None:
    who = f"the family '{family.name}'"
    _expect(bool(family.name.strip()), "a family needs a name, which tasks list under 'metrics'")
    _expect(bool(family.kinds) and set(family.kinds) <= set(get_args(Kind)), f"{who}: kinds must be some of {get_args(Kind)}")
    _expect(isinstance(family.scores, tuple) and bool(family.scores), f"{who}: scores must be a tuple of names")
    _expect(len(set(family.scores)) == len(family.scores), f"{who}: a score is listed twice: {family.scores}")


def _check_metric(metric: Metric, again: Metric, pairs: _Pairs) -> None:
    who = f"the metric '{metric.name}'"
    _expect(metric.direction in ("higher", "lower", "none"), f"{who}: direction must be higher, lower or none, not {metric.direction!r}")
    _expect(metric.level in ("example", "corpus", "rows"), f"{who}: level must be example, corpus or rows, not {metric.level!r}")
    _expect(bool(metric.unit), f"{who}: needs a unit, such as fraction")
    _expect(bool(metric.signature.strip()), f"{who}: needs a signature that says how the number is computed (case, tokenizer, versions)")
    _expect(metric.signature == again.signature, f"{who}: build returns a different signature each time")
    rows = [row for row in _statistics(metric, pairs) if row is not None]
    if not rows:
        raise ValueError(f"{who} applies to none of the examples. Add some that it applies to")
    repeated = [row for row in _statistics(again, pairs) if row is not None]
    _expect(rows == repeated, f"{who}: is not deterministic: the same examples gave different numbers the second time")
    _check_aggregate(metric, np.array(rows, dtype=np.float64))


def _statistics(metric: Metric, pairs: _Pairs) -> Iterator[Statistic | None]:
    """The statistic of each example; that of an empty output is checked, too."""
    width: int | None = None
    for example, prediction in pairs:
        row = metric.per_example(example, prediction)
        empty = metric.per_example(example, Prediction(example.id, ""))
        who = f"the metric '{metric.name}' on the example '{example.id}'"
        for what, statistic in (("", row), (" with an empty output", empty)):
            if statistic is None:
                continue
            _expect(_is_numeric(statistic), f"{who}{what}: per_example must return a tuple of finite numbers or None, not {statistic!r}")
            width = len(statistic) if width is None else width
            _expect(len(statistic) == width, f"{who}{what}: returned {len(statistic)} numbers, but {width} for other examples")
        _expect(
            (row is None) == (empty is None),
            f"{who}: None must depend on the example alone, but the output gave {row} and an empty output gave {empty}. "
            "An unusable output must score as wrong.",
        )
        yield row


def _check_aggregate(metric: Metric, rows: Any) -> None:
    """Check `aggregate` on the totals of all rows, of each half, and of each single row; `rows` is (n, d)."""
    who = f"the metric '{metric.name}'"
    _expect(isinstance(metric.undefined(rows), str), f"{who}: undefined must return text, which is empty where there is a score")
    if metric.level == "rows":
        _check_weights(metric, rows, who)
        return
    parts = [rows, *(part for part in (rows[::2], rows[1::2]) if len(part)), *(rows[i : i + 1] for i in range(len(rows)))]
    totals = np.stack([part.sum(axis=0) for part in parts])  # (parts, d)
    counts = np.array([len(part) for part in parts], dtype=np.float64)
    singly = np.array([float(metric.aggregate(total, n)) for total, n in zip(totals, counts, strict=True)])
    for shape in ((len(parts),), (1, len(parts))):
        together = np.asarray(metric.aggregate(totals.reshape(*shape, -1), counts.reshape(shape)))
        _expect(
            together.shape == shape,
            f"{who}: aggregate must take leading axes, but totals of shape {(*shape, rows.shape[1])} gave {together.shape}",
        )
        _expect(
            np.allclose(together.ravel(), singly, equal_nan=True),
            f"{who}: aggregate returns different scores for several totals at once than for each alone",
        )
    if metric.level == "example":
        _expect(rows.shape[1] == 1, f"{who}: level 'example' needs one number per example, not {rows.shape[1]}")
        means = np.array([part.mean() for part in parts])
        _expect(np.allclose(singly, means), f"{who}: for level 'example' the score must be the mean over examples; use example_metric")
    _check_scale(metric, singly, who)


def _check_weights(metric: Metric, rows: Any, who: str) -> None:
    """Check `aggregate` with weights that count every row once, each half, and every row three times."""
    n = len(rows)
    weights = np.stack([np.ones(n), np.arange(n) % 2 == 0, np.arange(n) % 2 == 1, np.full(n, 3.0)]).astype(np.float64)
    scores = np.asarray(metric.aggregate(rows, weights))
    _expect(scores.shape == (4,), f"{who}: aggregate must take weights with leading axes, but shape {weights.shape} gave {scores.shape}")
    _expect(np.isclose(scores[3], scores[0]), f"{who}: aggregate returns a different score if every example counts three times")
    singly = [float(np.asarray(metric.aggregate(rows, each[None]))[0]) for each in weights]
    _expect(np.allclose(singly, scores), f"{who}: aggregate returns different scores for several weights at once than for each alone")
    twice = np.asarray(metric.aggregate(np.concatenate([rows, rows[::2]]), np.ones((1, n + len(rows[::2])))))[0]
    _expect(
        np.isclose(twice, np.asarray(metric.aggregate(rows, (weights[0] + weights[1])[None]))[0]),
        f"{who}: an example with weight 2 must count like two examples",
    )
    _check_scale(metric, scores, who)


def _check_scale(metric: Metric, singly: Any, who: str) -> None:
    """Check that scores are finite and within the bounds of the unit; the first of them is the score of all rows."""
    _expect(bool(np.isfinite(singly[0])), f"{who}: aggregate returned {singly[0]} for all examples; a score must be a finite number")
    low, high = BOUNDS.get(metric.unit, (-np.inf, np.inf))
    outside = singly[(singly < low - 1e-9) | (singly > high + 1e-9)]
    _expect(not len(outside), f"{who}: the unit '{metric.unit}' ranges from {low:g} to {high:g}, but a score is {outside[:1].tolist()}")


def _is_numeric(row: object) -> bool:
    return isinstance(row, tuple) and all(isinstance(x, int | float) and not isinstance(x, bool) and np.isfinite(x) for x in row)


def _expect(holds: bool, message: str) -> None:
    """Like `assert`, but also checked when Python runs with -O."""
    if not holds:
        raise AssertionError(message)
