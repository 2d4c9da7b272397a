"""The metrics that a task can name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from harness.errors import BenchError
from harness.metrics.evaluate_library import is_library_metric, library_family
from harness.metrics.facts import FACTS
from harness.metrics.faithfulness import FAITHFULNESS
from harness.metrics.family import Family
from harness.metrics.file_metrics import build_file_metrics
from harness.metrics.labels import CLASSIFICATION, PROBABILITIES
from harness.metrics.output_check import with_checked_output
from harness.metrics.similarity import ANSWERABILITY, BLEU, CHRF, EXACT_MATCH, LENGTH, ROUGE, SQUAD, TER
from harness.metrics.stored_scores import stored_family
from harness.metrics.support import SUPPORT, with_scorer
from harness.plugins import InstalledPlugin, merge_with_plugins, metric_hint, plugin_digests, plugin_files
from harness.types import Metric, StoredScore

_SHIPPED = (ROUGE, BLEU, CHRF, TER, SQUAD, ANSWERABILITY, EXACT_MATCH, LENGTH, FACTS, FAITHFULNESS, SUPPORT, CLASSIFICATION, PROBABILITIES)
# Scores that say whether a free text is true: they count only where they are exact, or are shown to agree with raters.
TRUTH_SCORES = (*FAITHFULNESS.scores, *SUPPORT.scores)
FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in _SHIPPED})


def families() -> Mapping[str, Family]:
    """Every family by name: the shipped ones and those of plug-ins, packages as well as the files in use.

    Raises:
        BenchError: a plug-in cannot be used, or two packages use the same name for a family or a score.
    """
    return _families(plugin_digests())


@lru_cache(maxsize=4)
def _families(files: tuple[str, ...]) -> Mapping[str, Family]:
    """`families`, computed once for each set of plug-in files."""
    merged = merge_with_plugins("metric", FAMILIES, _families_of_plugin)
    merge_with_plugins("score", _family_by_score(FAMILIES), lambda installed: _family_by_score(_families_of_plugin(installed)))
    return merged


def metrics_for(
    names: Sequence[str],
    labels: Sequence[str],
    *,
    run_code: bool = False,
    scorer: str = "",
    stored: Mapping[str, Sequence[StoredScore]] = MappingProxyType({}),
) -> tuple[Metric, ...]:
    """The metrics of these families, in their order; repeated families count once.

    Args:
        names: names of families, as in the `metrics` of a task.
        labels: the labels from which answers are chosen; empty if answers are generated.
        run_code: whether scripts of the evaluate library may be run.
        scorer: the fingerprint of the model that computes `support`.
        stored: what a run says about its scores of plug-in files, by family. These are then read as stored, and the files are not run.

    Raises:
        BenchError: an unknown family, two families with the same score, or `classification` without labels.
    """
    known = {**families(), **{name: library_family(name, run_code=run_code) for name in names if is_library_metric(name)}}
    known |= {name: stored_family(name, scores) for name, scores in stored.items() if name not in FAMILIES}
    unknown = [f"unknown metric '{name}'.{_hint(name, known)}" for name in names if name not in known]
    if unknown:
        raise BenchError(unknown)
    chosen = [known[name] for name in dict.fromkeys(names)]
    _check_distinct_scores(chosen)
    return with_scorer([metric for family in chosen for metric in _build(family, labels, is_stored=family.name in stored)], scorer)


def file_families(names: Sequence[str]) -> dict[str, Family]:
    """Those of these families that come from plug-in files."""
    by_name = {family.name: family for installed in plugin_files() for family in _families_of_plugin(installed).values()}
    return {name: by_name[name] for name in names if name in by_name}


def _build(family: Family, labels: Sequence[str], *, is_stored: bool) -> tuple[Metric, ...]:
    if is_stored or family is FAMILIES.get(family.name):
        return family.build(labels)
    owner = next((installed for installed in plugin_files() if family in installed.plugin.metrics), None)
    if owner is not None:
        return build_file_metrics(family, owner, labels)
    return tuple(with_checked_output(metric, family.name) for metric in family.build(labels))


def _check_distinct_scores(chosen: Sequence[Family]) -> None:
    owners: dict[str, str] = {}
    for family in chosen:
        for score in family.scores:
            other = owners.setdefault(score, family.name)
            if other != family.name:
                raise BenchError(f"the metrics '{other}' and '{family.name}' both give the score '{score}'. Remove one of them")


def _hint(name: str, known: Mapping[str, Family]) -> str:
    owner = _family_by_score(known).get(name)
    return f" It is a score of the metric '{owner.name}'; use that name." if owner else metric_hint(name, known)


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
        raise BenchError(f"{_describe(installed)}: a metric must be a harness.metrics.Family, not {type(invalid[0]).__name__}")
    names = [family.name for family in installed.plugin.metrics]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise BenchError(f"{_describe(installed)} has two metrics named '{repeated}'. Rename one of them")
    return {family.name: family for family in installed.plugin.metrics}


def _describe(installed: InstalledPlugin) -> str:
    return installed.package if installed.file is not None else f"the package {installed.package}"
