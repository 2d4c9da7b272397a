"""The metrics that a task can name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from harness.errors import BenchError, did_you_mean
from harness.metrics.evaluate_library import is_library_metric, library_family
from harness.metrics.facts import FACTS
from harness.metrics.faithfulness import FAITHFULNESS
from harness.metrics.family import Family
from harness.metrics.labels import CLASSIFICATION, PROBABILITIES
from harness.metrics.output_check import with_checked_output
from harness.metrics.similarity import ANSWERABILITY, BLEU, CHRF, EXACT_MATCH, LENGTH, ROUGE, SQUAD, TER
from harness.metrics.support import SUPPORT, with_scorer
from harness.plugins import InstalledPlugin, merge_with_plugins
from harness.types import Metric

_SHIPPED = (ROUGE, BLEU, CHRF, TER, SQUAD, ANSWERABILITY, EXACT_MATCH, LENGTH, FACTS, FAITHFULNESS, SUPPORT, CLASSIFICATION, PROBABILITIES)
# Scores that say whether a free text is true: they count only where they are exact, or are shown to agree with raters.
TRUTH_SCORES = (*FAITHFULNESS.scores, *SUPPORT.scores)
FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in _SHIPPED})


@lru_cache(maxsize=1)
def families() -> Mapping[str, Family]:
    """Every family by name: the shipped ones and those of plug-ins.

    Raises:
        BenchError: a plug-in cannot be used, or two packages use the same name for a family or a score.
    """
    merged = merge_with_plugins("metric", FAMILIES, _families_of_plugin)
    merge_with_plugins("score", _family_by_score(FAMILIES), lambda installed: _family_by_score(_families_of_plugin(installed)))
    return merged


def metrics_for(names: Sequence[str], labels: Sequence[str], *, run_code: bool = False, scorer: str = "") -> tuple[Metric, ...]:
    """The metrics of these families, in their order; repeated families count once.

    Args:
        names: names of families, as in the `metrics` of a task.
        labels: the labels from which answers are chosen; empty if answers are generated.
        run_code: whether scripts of the evaluate library may be run.
        scorer: the fingerprint of the model that computes `support`.

    Raises:
        BenchError: an unknown family, two families with the same score, or `classification` without labels.
    """
    known = {**families(), **{name: library_family(name, run_code=run_code) for name in names if is_library_metric(name)}}
    unknown = [f"unknown metric '{name}'.{_hint(name, known)}" for name in names if name not in known]
    if unknown:
        raise BenchError(unknown)
    chosen = [known[name] for name in dict.fromkeys(names)]
    _check_distinct_scores(chosen)
    metrics = tuple(
        metric if family is FAMILIES.get(family.name) else with_checked_output(metric, family.name)
        for family in chosen
        for metric in family.build(labels)
    )
    return with_scorer(metrics, scorer)


def _check_distinct_scores(chosen: Sequence[Family]) -> None:
    owners: dict[str, str] = {}
    for family in chosen:
        for score in family.scores:
            other = owners.setdefault(score, family.name)
            if other != family.name:
                raise BenchError(f"the metrics '{other}' and '{family.name}' both give the score '{score}'. Remove one of them")


def _hint(name: str, known: Mapping[str, Family]) -> str:
    owner = _family_by_score(known).get(name)
    return f" It is a score of the metric '{owner.name}'; use that name." if owner else did_you_mean(name, known)


def _family_by_score(known: Mapping[str, Family]) -> dict[str, Family]:
    """The first family that gives each score."""
    families: dict[str, Family] = {}
    for family in known.values():
        for score in family.scores:
            families.setdefault(score, family)
    return families


def _families_of_plugin(installed: InstalledPlugin) -> dict[str, Family]:
    invalid = [family for family in installed.plugin.metrics if not isinstance(family, Family)]
    if invalid:
        raise BenchError(f"the package {installed.package}: a metric must be a harness.metrics.Family, not {type(invalid[0]).__name__}")
    names = [family.name for family in installed.plugin.metrics]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise BenchError(f"the package {installed.package} has two metrics named '{repeated}'. Rename one of them")
    return {family.name: family for family in installed.plugin.metrics}
