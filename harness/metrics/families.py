"""The metrics that a task can name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from harness.errors import BenchError, did_you_mean
from harness.metrics.evaluate_library import is_of_library, library_family
from harness.metrics.facts import FACTS
from harness.metrics.faithfulness import FAITHFULNESS
from harness.metrics.family import Family
from harness.metrics.guard import guarded
from harness.metrics.labels import CLASSIFICATION, PROBABILITIES
from harness.metrics.similarity import ANSWERABILITY, BLEU, CHRF, EXACT_MATCH, LENGTH, ROUGE, SQUAD, TER
from harness.plugins import InstalledPlugin, merge_with_plugins
from harness.types import Metric

_SHIPPED = (ROUGE, BLEU, CHRF, TER, SQUAD, ANSWERABILITY, EXACT_MATCH, LENGTH, FACTS, FAITHFULNESS, CLASSIFICATION, PROBABILITIES)
FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in _SHIPPED})


@lru_cache(maxsize=1)
def families() -> Mapping[str, Family]:
    """Every family by name: the shipped ones and those of plug-ins.

    Raises:
        BenchError: for a plug-in that cannot be used, or a name, of a family or a score, that two packages claim.
    """
    found = merge_with_plugins("metric", FAMILIES, _offered)
    merge_with_plugins("score", _scores(FAMILIES), lambda installed: _scores(_offered(installed)))
    return found


def metrics_for(names: Sequence[str], labels: Sequence[str], *, run_code: bool = False) -> tuple[Metric, ...]:
    """The metrics of these families, in their order, a family that is named twice once.

    Args:
        names: names of families, as a task's `metrics` lists them.
        labels: the labels that an answer is chosen from; empty where it is written freely.
        run_code: whether scripts of the evaluate library may be run.

    Raises:
        BenchError: a name that is no family, with the closest one; two families that give the same score; `classification` without labels.
    """
    known = {**families(), **{name: library_family(name, run_code=run_code) for name in names if is_of_library(name)}}
    unknown = [f"unknown metric '{name}'.{_hint(name, known)}" for name in names if name not in known]
    if unknown:
        raise BenchError(unknown)
    chosen = [known[name] for name in dict.fromkeys(names)]
    _distinct_scores(chosen)
    return tuple(
        metric if family is FAMILIES.get(family.name) else guarded(metric, family.name)
        for family in chosen
        for metric in family.build(labels)
    )


def _distinct_scores(chosen: Sequence[Family]) -> None:
    owners: dict[str, str] = {}
    for family in chosen:
        for score in family.scores:
            other = owners.setdefault(score, family.name)
            if other != family.name:
                raise BenchError(f"the metrics '{other}' and '{family.name}' both give the score '{score}'. Remove one of them")


def _hint(name: str, known: Mapping[str, Family]) -> str:
    owner = _scores(known).get(name)
    return f" It is a score of the metric '{owner.name}': name that." if owner else did_you_mean(name, known)


def _scores(known: Mapping[str, Family]) -> dict[str, Family]:
    """The family of each score; the first one of several."""
    found: dict[str, Family] = {}
    for family in known.values():
        for score in family.scores:
            found.setdefault(score, family)
    return found


def _offered(installed: InstalledPlugin) -> dict[str, Family]:
    strange = [family for family in installed.plugin.metrics if not isinstance(family, Family)]
    if strange:
        raise BenchError(f"the package {installed.package}: a metric must be a harness.metrics.Family, not {type(strange[0]).__name__}")
    names = [family.name for family in installed.plugin.metrics]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BenchError(f"the package {installed.package} has two metrics named '{twice}': give one of them another name")
    return {family.name: family for family in installed.plugin.metrics}
