"""Values to try next: spread over the range at first, then where a Gaussian process expects an improvement (Optuna's GPSampler)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.grid.search.space import Dimension, own_values

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study

_RETRIES = 8  # proposals that repeat an earlier one are replaced; in a small space all values may have been tried


def propose(space: Sequence[Dimension], tried: Sequence[tuple[Mapping[str, Any], float]], count: int, *, seed: int) -> list[dict[str, Any]]:
    """Values for `count` new trials; fewer if all values of the space have been tried.

    Args:
        tried: the values of earlier trials with their losses, infinite for a trial that diverged. The first has the strategy's own values;
            without any, these are the first proposal.
        seed: decides everything that is random.
    """
    proposals: list[dict[str, Any]] = []
    if not tried:
        proposals.append(own_values(space))
    known = [values for values, _ in tried] + proposals
    left = min(count, math.prod(dimension.size for dimension in space) + len(known)) - len(proposals)
    fresh = _spread(space, int(left), seed) if len(tried) <= 1 else _model_based(space, tried, int(left), seed)
    for values in fresh:
        if values not in known:
            proposals.append(values)
            known.append(values)
    attempt = 0
    while len(proposals) < count and attempt < _RETRIES:  # what repeated an earlier trial is replaced
        attempt += 1
        for values in _spread(space, 4 * count, seed + 7919 * attempt, is_centred=False):
            if values not in known and len(proposals) < count:
                proposals.append(values)
                known.append(values)
    return proposals


def _spread(space: Sequence[Dimension], count: int, seed: int, *, is_centred: bool = True) -> list[dict[str, Any]]:
    """A Latin hypercube: each field takes values from every part of its range.

    Args:
        is_centred: take the middle of each part, which spreads a single field evenly.
    """
    from scipy.stats.qmc import LatinHypercube

    if count < 1:
        return []
    positions = LatinHypercube(d=len(space), scramble=not is_centred, rng=seed).random(count)  # (count, fields)
    return [{d.name: d.at(float(x)) for d, x in zip(space, row, strict=True)} for row in sorted(positions.tolist())]


def _model_based(
    space: Sequence[Dimension], tried: Sequence[tuple[Mapping[str, Any], float]], count: int, seed: int
) -> list[dict[str, Any]]:
    """Proposals of Optuna, which takes earlier proposals of the same call for as good as its model predicts."""
    distributions = {dimension.name: _distribution(dimension) for dimension in space}
    study = _open_study(space, tried, distributions, seed)
    return [{d.name: _decode(d, trial.params[d.name]) for d in space} for trial in (study.ask(distributions) for _ in range(count))]


def _open_study(
    space: Sequence[Dimension], tried: Sequence[tuple[Mapping[str, Any], float]], distributions: dict[str, BaseDistribution], seed: int
) -> Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.GPSampler(seed=seed, n_startup_trials=0))
    finite = [loss for _, loss in tried if math.isfinite(loss)]
    worst = max(finite, default=0.0)
    for values, loss in tried:
        if all(dimension.contains(values[dimension.name]) for dimension in space):
            params = {dimension.name: _encode(dimension, values[dimension.name]) for dimension in space}
            value = loss if math.isfinite(loss) else worst + 1.0  # a trial that diverged is worse than all others
            study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=value))
    return study


def _distribution(dimension: Dimension) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if dimension.low is None or dimension.high is None:
        places = len(dimension.values)
        return IntDistribution(0, places - 1) if _is_ordered(dimension) else CategoricalDistribution(range(places))
    if dimension.is_whole:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.is_log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.is_log)


def _encode(dimension: Dimension, value: Any) -> Any:
    return value if dimension.low is not None else dimension.values.index(value)


def _decode(dimension: Dimension, value: Any) -> Any:
    return dimension.tidy(value) if dimension.low is not None else dimension.values[value]


def _is_ordered(dimension: Dimension) -> bool:
    """Whether the values of a list are rising numbers: neighbours are then expected to be similar."""
    numbers = [value for value in dimension.values if isinstance(value, int | float) and not isinstance(value, bool)]
    return len(numbers) == len(dimension.values) and numbers == sorted(numbers)
