"""Results of EleutherAI's lm-evaluation-harness: `results_DATE.json`, and `samples_TASK_DATE.jsonl` for each task (`--log_samples`).

The scores of single examples are read from the samples. A score is imported only if its mean is the value of the results file: where the
tool aggregates in another way (perplexity, BLEU), the numbers of single examples would make another score of it. Without samples, only the
totals of the results file are known.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.errors import BenchError
from harness.interchange.imported import ImportedResult, clean_name, cut
from harness.interchange.json_node import JsonNode, read_lines
from harness.types import Example, Prediction, ScoreTotal, StoredScore

LM_EVAL_FAMILY = "lm_eval"
TOOL = "lm-evaluation-harness"
_DATE = re.compile(r"_(\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}(?:\.\d+)?)$")
_SAMPLES = "samples_"
# Labels or texts are compared for equality.
_EXACT = frozenset({"acc", "acc_norm", "acc_bytes", "exact_match", "em"})
_MOST_FIELDS = 40  # of a document that are kept as text


@dataclass(frozen=True)
class _Column:
    """A score as the results file names it, such as "exact_match,strict-match"."""

    metric: str
    filter: str
    value: float
    error: float | None
    direction: Literal["higher", "lower", "none"]

    @property
    def name(self) -> str:
        """The name of the score in the run."""
        return "/".join((LM_EVAL_FAMILY, self.metric, *([self.filter] if self.filter not in ("", "none") else [])))

    @property
    def label(self) -> str:
        """The plain name."""
        return f"{self.metric} of lm-eval" + (f" ({self.filter})" if self.filter not in ("", "none") else "")


def is_lm_eval(document: JsonNode) -> bool:
    """Whether a JSON document is a results file."""
    parts = [document.find(name) for name in ("results", "configs", "versions")]
    return all(part is not None and isinstance(part.value, dict) for part in parts)


def is_samples(path: Path) -> bool:
    """Whether a file has the name of samples."""
    return path.name.startswith(_SAMPLES) and path.suffix == ".jsonl"


def match_samples(samples: Sequence[Path], results: Sequence[Path]) -> dict[Path, list[Path]]:
    """The samples of each results file: those of the same folder and date, or of the only results file of the folder.

    Raises:
        BenchError: samples without a results file.
    """
    matched: dict[Path, list[Path]] = {path: [] for path in results}
    for path in samples:
        beside = [each for each in results if each.parent == path.parent]
        dated = [each for each in beside if _date(each) and _date(each) == _date(path)]
        fitting = dated or beside
        if len(fitting) != 1:
            raise BenchError(
                f"{path}: which results file belongs to these samples? They do not say what the model is, and which values are better. "
                f"Import them together with the file results_{_date(path) or 'DATE'}.json of the same evaluation."
            )
        matched[fitting[0]].append(path)
    return matched


def read_lm_eval(document: JsonNode, path: Path, sha256: str, samples: Sequence[Path]) -> Iterator[ImportedResult]:
    """The results of one evaluation, task by task.

    Raises:
        BenchError: a file is damaged, or samples are not those of the results.
    """
    by_task = _by_task(document, samples)
    for name, own in document.at("results").fields():
        if document.find("configs", name) is None:  # the mean of a group of tasks, which are imported themselves
            continue
        yield _read_task(document, name, own, path, sha256, by_task.get(name))


def _by_task(document: JsonNode, samples: Sequence[Path]) -> dict[str, Path]:
    """The samples by task."""
    tasks = [name for name, _ in document.at("results").fields()]
    by_task: dict[str, Path] = {}
    for path in samples:
        stem = _DATE.sub("", path.stem).removeprefix(_SAMPLES)
        if stem not in tasks:
            raise BenchError(f"{path}: has samples of the task '{stem[:80]}', which {document.file} does not have. Leave this file out.")
        if stem in by_task:
            raise BenchError(f"{path}: has samples of the task '{stem}', as {by_task[stem]} has. Leave one of them out.")
        by_task[stem] = path
    return by_task


def _date(path: Path) -> str:
    match = _DATE.search(path.stem)
    return match[1] if match else ""


def _read_task(document: JsonNode, name: str, own: JsonNode, path: Path, sha256: str, samples: Path | None) -> ImportedResult:
    columns = _columns(document, name, own)
    if not columns:
        raise own.problem("has no score for which a higher or a lower value is better. Import the results of other tasks alone")
    versions = [document.find("versions", name), document.find("lm_eval_version")]
    task_version, tool_version = (str(node.value)[:40] if node else "" for node in versions)
    description = _describe_system(document)
    warnings: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    totals: dict[str, ScoreTotal] = {}
    if samples is not None:
        examples, predictions, left_out = _read_samples(document, name, columns, samples)
        if left_out:
            named = ", ".join(each.label for each in left_out)
            warnings = (f"Not imported, because {path.name} states no mean of the scores of single examples for them: {named}.",)
        columns = [each for each in columns if each not in left_out]
    else:
        n = document.at("n-samples", name, "effective").count()
        totals = {each.name: _total(each, n, own) for each in columns}
    return ImportedResult(
        system=clean_name(description.split(",")[0].rstrip("/").rsplit("/", 1)[-1], fallback="model"),
        description=description,
        task=clean_name(name, fallback="task"),
        file=str(path),
        sha256=sha256,
        tool=f"{TOOL} {tool_version}".strip(),
        scores=tuple(_score(each, task_version, own) for each in columns),
        labels={each.name: each.label for each in columns},
        examples=examples,
        repeats=(predictions,) if predictions else (),
        totals=totals,
        warnings=warnings,
    )


def _describe_system(document: JsonNode) -> str:
    """What the file calls the model, with its adapter."""
    arguments = document.find("config", "model_args")
    values: dict[str, str] = {}
    if arguments is not None and isinstance(arguments.value, dict):
        values = {key: str(value) for key, value in arguments.value.items()}
    elif arguments is not None and isinstance(arguments.value, str):
        values = dict(part.split("=", 1) for part in arguments.value.split(",") if "=" in part)
    adapter = values.get("peft") or values.get("lora_local_path")
    named = [document.find("model_name"), document.find("config", "model")]
    base = values.get("pretrained") or values.get("model") or next((str(node.value) for node in named if node and node.value), "model")
    return f"{adapter}, {base}"[:200] if adapter else base[:200]


def _columns(document: JsonNode, task: str, own: JsonNode) -> list[_Column]:
    """The scores of a task for which it is known which values are better, in the order of the file."""
    columns = []
    for key, node in own.fields():
        metric, _, chosen = key.partition(",")
        value = node.find_number()
        better = document.find("higher_is_better", task, metric)
        if metric.endswith("_stderr") or value is None or better is None or not isinstance(better.value, bool):
            continue
        stated = own.find(f"{metric}_stderr,{chosen}" if chosen else f"{metric}_stderr")
        error = stated.find_standard_error() if stated else None
        columns.append(_Column(metric, chosen, value, error, "higher" if better.value else "lower"))
    return columns


def _score(column: _Column, task_version: str, own: JsonNode) -> StoredScore:
    if len(column.name) > 80:
        raise own.problem(f"the name of the score '{column.name[:100]}' has more than 80 characters. Leave this file out")
    unit = "fraction" if 0 <= column.value <= 1 and column.metric in _EXACT else "value"
    signature = f"{column.name}|task version:{task_version}|imported"
    return StoredScore(column.name, column.direction, unit, signature, exact=column.metric in _EXACT)


def _total(column: _Column, n: int, own: JsonNode) -> ScoreTotal:
    if n < 1:
        raise own.problem("was evaluated on no example. Leave this file out")
    successes = round(column.value * n) if column.metric in _EXACT and 0 <= column.value <= 1 else None
    if successes is not None and not math.isclose(successes / n, column.value, abs_tol=1e-6):
        successes = None
    return ScoreTotal(column.value, n, successes, column.error)


def _read_samples(
    document: JsonNode, task: str, columns: Sequence[_Column], path: Path
) -> tuple[tuple[Example, ...], tuple[Prediction, ...], list[_Column]]:
    """The examples, the scored outputs, and the scores that have no number for single examples, or another mean than the file states."""
    examples: dict[str, Example] = {}
    outputs: dict[str, tuple[str, str | None]] = {}
    scores: dict[str, dict[str, float | None]] = {}
    hashes = hashlib.sha256()
    for line in read_lines(path):
        hashes.update("".join(_hash(line, kind) for kind in ("doc_hash", "prompt_hash", "target_hash")).encode())
        example = _example(line)
        known = examples.setdefault(example.id, example)
        if known != example:
            raise line.problem(f"the document {example.id} differs from that of an earlier line. Import the file as the tool wrote it")
        chosen = str(filter_.value) if (filter_ := line.find("filter")) else ""
        outputs.setdefault(example.id, _output(line))
        own = scores.setdefault(example.id, {})
        for column in columns:
            if column.filter not in (chosen, "none", "") or (value := line.find(column.metric)) is None:
                continue
            if column.name in own:
                raise line.problem(f"the document {example.id} has a second '{column.label}'. Import the file as the tool wrote it")
            own[column.name] = value.find_number()
    if not examples:
        raise BenchError(f"{path}: has no samples. Leave this file out; the totals of {document.file} are imported without it.")
    stated = document.find("task_hashes", task)
    if stated is not None and stated.value != hashes.hexdigest():
        raise BenchError(
            f"{path}: are not the samples of {document.file}: its task hash is another one. Import the two files of one evaluation."
        )
    left_out = [column for column in columns if not _is_mean(column, scores)]
    if len(left_out) == len(columns):
        raise BenchError(
            f"{path}: no score of '{task}' in {document.file} is the mean of its samples ({', '.join(each.label for each in columns)}). "
            "Import the results file without its samples: then only the totals are compared."
        )
    kept = [column.name for column in columns if column not in left_out]
    predictions = tuple(Prediction(id_, *outputs[id_], scores={name: scores[id_].get(name) for name in kept}) for id_ in examples)
    return tuple(examples.values()), predictions, left_out


def _hash(line: JsonNode, kind: str) -> str:
    node = line.find(kind)
    return node.text() if node else ""


def _is_mean(column: _Column, scores: Mapping[str, Mapping[str, float | None]]) -> bool:
    """Whether every example has this score, and its mean is what the results file states."""
    values = [own.get(column.name) for own in scores.values()]
    known = [value for value in values if value is not None]
    return len(known) == len(values) and math.isclose(math.fsum(known) / len(known), column.value, rel_tol=1e-6, abs_tol=1e-9)


def _example(line: JsonNode) -> Example:
    """The document as one text, its fields on lines of their own, and the target."""
    name = str(line.at("doc_id").count())
    document, target = line.at("doc"), line.find("target")
    shown = list(document.value.items())[:_MOST_FIELDS] if isinstance(document.value, dict) else [("", document.value)]
    text = "\n".join(f"{key}: {_plain(value)}" if key else _plain(value) for key, value in shown)
    wanted = "" if target is None else _plain(target.value)
    choices = _choices(line)
    if wanted.isdecimal() and len(wanted) < 6 and len(choices) > 1 and int(wanted) < len(choices):
        wanted = choices[int(wanted)]
    return Example(name, {"input": cut(text)}, (cut(wanted),) if wanted else ())


def _output(line: JsonNode) -> tuple[str, str | None]:
    """What the model wrote, and what the filter took from it; of a choice by likelihood, the text that is likeliest."""
    choices, chosen = _choices(line), _first(line.find("filtered_resps"))
    if len(choices) > 1:
        likelihoods = [_likelihood(node) for node in line.at("filtered_resps").items()]
        if len(likelihoods) == len(choices):
            return cut(choices[max(range(len(choices)), key=lambda i: likelihoods[i])]), None
    written = cut(_first(line.find("resps")))
    return written, cut(chosen) if chosen != written else None


def _choices(line: JsonNode) -> list[str]:
    """The continuations whose likelihoods were computed; empty where text was generated."""
    arguments = line.find("arguments")
    if arguments is None or not isinstance(arguments.value, dict | list):
        return []
    requests = [node for _, node in arguments.fields()] if isinstance(arguments.value, dict) else arguments.items()
    texts = []
    for request in requests:
        value = request.value
        second = value.get("arg_1") if isinstance(value, dict) else value[1] if isinstance(value, list) and len(value) > 1 else None
        if not isinstance(second, str):
            return []
        texts.append(second.strip())
    return texts


def _likelihood(node: JsonNode) -> float:
    """The log-likelihood of a choice: the first of a pair, or the number itself; written as text in newer versions."""
    value = node.value[0] if isinstance(node.value, list) and node.value else node.value
    try:
        number = float(value) if isinstance(value, str | int | float) else -math.inf
    except (ValueError, OverflowError):
        return -math.inf
    return -math.inf if math.isnan(number) else number


def _first(node: JsonNode | None) -> str:
    """The first text in a list, however deep."""
    value = None if node is None else node.value
    for _ in range(8):
        if not isinstance(value, list) or not value:
            break
        value = value[0]
    return "" if value is None or isinstance(value, list) else _plain(value)


def _plain(value: object) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
