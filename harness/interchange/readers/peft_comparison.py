"""Results of PEFT's method comparison (`method_comparison/…/results/EXPERIMENT.json` in huggingface/peft): one file for each experiment.

A file has one accuracy on the test set, and no answers to single examples. It does not say how many examples there were: their number is
the smallest one of which all accuracies of the imported files are shares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from pathlib import Path

from harness.errors import BenchError
from harness.interchange.imported import ImportedResult, clean_name
from harness.interchange.json_node import JsonNode
from harness.types import Cost, ScoreTotal, StoredScore

TOOL = "PEFT method comparison"
_SCORE, _METRIC = "peft/test_accuracy", "test accuracy"
_MOST_EXAMPLES = 1_000_000


@dataclass(frozen=True)
class _Experiment:
    path: Path
    sha256: str
    document: JsonNode
    accuracy: float


def is_peft(document: JsonNode) -> bool:
    """Whether a JSON document is the result of an experiment."""
    return document.find("run_info", "experiment_name") is not None and document.find("train_info", "status") is not None


def read_peft(documents: Mapping[Path, JsonNode], hashes: Mapping[Path, str]) -> list[ImportedResult]:
    """The results of all experiments; those on one training and test set belong to one task.

    Raises:
        BenchError: an experiment has not ended well, or has no accuracy on a test set.
    """
    by_task: dict[str, list[_Experiment]] = {}
    for path, document in documents.items():
        experiment = _Experiment(path, hashes[path], document, _accuracy(document))
        by_task.setdefault(_name_task(document), []).append(experiment)
    return [result for name, own in by_task.items() for result in _read_task(name, own)]


def _read_task(name: str, experiments: Sequence[_Experiment]) -> list[ImportedResult]:
    n = _count_examples(experiments)
    return [_read(name, experiment, n) for experiment in experiments]


def _accuracy(document: JsonNode) -> float:
    """The accuracy on the test set, at the end of the training."""
    status = document.at("train_info", "status")
    if status.value != "success":
        raise status.problem(f"is {str(status.value)[:40]!r}, so the experiment has no result. Leave this file out")
    measured = [node.at(_METRIC) for node in document.at("train_info", "metrics").items() if node.find(_METRIC)]
    if not measured:
        raise document.at("train_info", "metrics").problem(f"has no '{_METRIC}'. Only experiments with one can be imported")
    accuracy = measured[-1].number()
    if not 0 <= accuracy <= 1:
        raise measured[-1].problem(f"must be between 0 and 1, not {accuracy:g}")
    return accuracy


def _name_task(document: JsonNode) -> str:
    """The datasets, of which the last is that of the test."""
    sets = document.find("meta_info", "dataset_info")
    names = [name for name, _ in sets.fields()] if sets is not None else []
    return clean_name("-".join(names), fallback="peft-comparison")


def _count_examples(experiments: Sequence[_Experiment]) -> int:
    """The smallest number of examples of which every accuracy is a share.

    Raises:
        BenchError: there is none up to a million.
    """
    n = 1
    for experiment in experiments:
        share = Fraction(experiment.accuracy).limit_denominator(_MOST_EXAMPLES)
        n = lcm(n, share.denominator)
        if n > _MOST_EXAMPLES or float(share) != experiment.accuracy:
            raise BenchError(
                f"{experiment.path}: the test accuracy {experiment.accuracy} is no share of the same examples as those of the other files. "
                "Import experiments with one test set."
            )
    return n


def _read(task: str, experiment: _Experiment, n: int) -> ImportedResult:
    document, path = experiment.document, experiment.path
    training = document.at("train_info")
    name = document.at("run_info", "experiment_name").text()
    model = document.find("run_info", "train_config", "model_id")
    seed = document.find("run_info", "train_config", "seed")
    version = document.find("meta_info", "package_info", "peft-version")
    revision = document.find("meta_info", "dataset_info")
    hashes = [str(node.value)[:12] for _, each in (revision.fields() if revision else ()) if (node := each.find("sha")) is not None]
    score = StoredScore(_SCORE, "higher", "fraction", f"{_SCORE}|data:{','.join(hashes)}|imported", exact=True)
    return ImportedResult(
        system=clean_name(name, fallback=path.stem),
        description=f"{name}, {model.text()}" if model else name,
        task=task,
        file=str(path),
        sha256=experiment.sha256,
        tool=f"{TOOL} {version.text()}" if version else TOOL,
        scores=(score,),
        labels={_SCORE: "test accuracy of PEFT's method comparison"},
        totals={_SCORE: ScoreTotal(experiment.accuracy, n, round(experiment.accuracy * n))},
        costs=(_cost(document),),
        trainable_parameters=_count(training, "num_trainable_params") or 0,
        total_parameters=_count(training, "num_total_params") or 0,
        artifact_bytes=training.at("file_size").count(),
        seed=seed.count() if seed else None,
        trained=True,
        warnings=(f"The files do not state the number of test examples: {n:,} is the smallest one of which all accuracies are shares.",),
    )


def _cost(document: JsonNode) -> Cost:
    """Time and memory of the training, on the device that the file names."""
    accelerator = document.find("meta_info", "system_info", "accelerator") or document.find("meta_info", "system_info", "gpu")
    training = document.at("train_info")
    seconds = training.at("train_time").number()
    if seconds < 0:
        raise training.at("train_time").problem("must be 0 or more")
    device = accelerator.text()[:80] if accelerator else "not stated"
    return Cost("train", seconds, device, peak_reserved=_count(training, "accelerator_memory_max", "cuda_memory_max"))


def _count(training: JsonNode, *names: str) -> int | None:
    """The first of these numbers that the file has: files of 2025 name some differently, and lack others."""
    return next((node.count() for name in names if (node := training.find(name)) is not None), None)
