"""Logs of Inspect AI: a JSON document, or an `.eval` archive with `header.json` and one JSON document for each sample and epoch.

Each epoch answers every sample once more, so it is stored as a repeat, like another seed. A score is imported only if its mean over samples
is what the log states as its mean or accuracy.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.errors import BenchError
from harness.interchange.imported import ImportedResult, clean_name, cut
from harness.interchange.json_node import JsonNode, parse_document
from harness.interchange.zip_members import ZipMembers
from harness.types import Cost, Example, Prediction, ScoreTotal, StoredScore

FAMILY, TOOL = "inspect", "Inspect AI"
SUFFIX = ".eval"
_SAMPLE = re.compile(r"samples/[^/]+_epoch_\d+\.json")
_ATTACHMENT = re.compile(r"attachment://([0-9a-f]{32})")
_MEANS = ("accuracy", "mean")
# "C", "I", "P" and "N" as Inspect's own metrics count them: correct, incorrect, partial, no answer.
_LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
_EXACT = frozenset({"exact", "match", "choice", "pattern", "answer"})  # scorers that compare texts for equality
_MOST_EPOCHS = 1000


@dataclass(frozen=True)
class _Column:
    """A score as the log states it: a scorer, one of its values where it has several, and the mean."""

    scorer: str
    key: str
    metric: str
    mean: float
    error: float | None
    samples: int

    @property
    def name(self) -> str:
        """The name of the score in the run."""
        return "/".join((FAMILY, self.scorer, *([self.key] if self.key != self.scorer else [])))

    @property
    def label(self) -> str:
        """The plain name."""
        return f"{self.metric} of Inspect’s {self.scorer}" + (f" ({self.key})" if self.key != self.scorer else "")


@dataclass
class _Answers:
    """What is read of the samples.

    Attributes:
        outputs: by epoch and id.
        graded: the scores that are stated as a grade, whose higher values are better.
        seconds: the time of each answer; None where one has none.
    """

    examples: dict[str, Example] = field(default_factory=dict)
    outputs: dict[int, dict[str, Prediction]] = field(default_factory=dict)
    graded: set[str] = field(default_factory=set)
    errors: int = 0
    seconds: list[float | None] = field(default_factory=list)
    tokens: int = 0


def is_inspect(document: JsonNode) -> bool:
    """Whether a JSON document is a log."""
    return document.find("eval", "task") is not None and document.find("eval", "model") is not None and document.find("status") is not None


def read_inspect_document(document: JsonNode, path: Path, sha256: str) -> ImportedResult:
    """The results of a log in JSON.

    Raises:
        BenchError: the evaluation has not ended well, or the log is damaged.
    """
    samples = document.find("samples")
    return _read(document, samples.items() if samples is not None else [], path, sha256)


def read_inspect_archive(path: Path, sha256: str) -> ImportedResult:
    """The results of an `.eval` archive; raises as `read_inspect_document`."""
    members = ZipMembers(path)
    if "header.json" not in members.names:
        raise BenchError(f"{path}: has no header.json, so it is no finished log of {TOOL}. Import the file as the tool wrote it.")
    header = parse_document(members.read("header.json"), f"{path}: header.json")
    names = [name for name in members.names if _SAMPLE.fullmatch(name)]
    return _read(header, (parse_document(members.read(name), f"{path}: {name[:80]}") for name in names), path, sha256)


def _read(header: JsonNode, samples: Iterable[JsonNode], path: Path, sha256: str) -> ImportedResult:
    status = header.at("status")
    if status.value != "success":
        raise status.problem(
            f"is {str(status.value)[:40]!r}: the evaluation has not ended. Leave this file out, or finish it (inspect eval-retry)"
        )
    columns = _columns(header)
    answers = _Answers()
    for sample in samples:
        _add_sample(answers, sample, columns)
    has_examples = bool(answers.examples)
    left_out = [column for column in columns if has_examples and not _is_mean(column, answers)]
    kept = [column for column in columns if column not in left_out]
    if not kept:
        raise header.problem("no score in it is a mean or an accuracy over its samples. Only such scores can be imported")
    model, task = header.at("eval", "model").text(), header.at("eval", "task").text()
    version, task_version = header.find("eval", "packages", "inspect_ai"), header.find("eval", "task_version")
    return ImportedResult(
        system=clean_name(model.rsplit("/", 1)[-1], fallback="model"),
        description=model[:200],
        task=clean_name(task.rsplit("/", 1)[-1], fallback="task"),
        file=str(path),
        sha256=sha256,
        tool=f"{TOOL} {version.text()[:40]}" if version else TOOL,
        scores=tuple(_score(each, answers, str(task_version.value)[:40] if task_version else "", header) for each in kept),
        labels={each.name: each.label for each in kept},
        examples=tuple(answers.examples.values()),
        repeats=_repeats(answers, [each.name for each in kept], header) if has_examples else (),
        totals={} if has_examples else {each.name: _total(each, header) for each in kept},
        costs=_costs(answers),
        warnings=tuple(_warnings(answers, left_out, path)),
    )


def _columns(header: JsonNode) -> list[_Column]:
    columns = []
    for each in header.at("results", "scores").items():
        key = each.at("name").text()
        scorer = node.text() if (node := each.find("scorer")) else key
        value = next(((metric, node) for metric in _MEANS if (node := each.find("metrics", metric, "value"))), None)
        if value is None or (mean := value[1].find_number()) is None:
            continue
        error, count = each.find("metrics", "stderr", "value"), each.find("scored_samples") or header.find("results", "completed_samples")
        if len(f"{scorer}{key}") > 60:
            raise each.problem("the name of the score has more than 60 characters. Leave this file out")
        columns.append(_Column(scorer, key, value[0], mean, error.find_standard_error() if error else None, count.count() if count else 0))
    return columns


def _add_sample(answers: _Answers, sample: JsonNode, columns: Sequence[_Column]) -> None:
    id_ = sample.at("id")
    name = str(id_.value)[:200]
    epoch = node.count() if (node := sample.find("epoch")) else 1
    example = Example(name, {"input": cut(_describe_input(sample))}, _targets(sample))
    if answers.examples.setdefault(name, example) != example:
        raise id_.problem(
            f"the sample '{name[:80]}' has another input or target than in an earlier epoch. Import the file as the tool wrote it"
        )
    outputs = answers.outputs.setdefault(epoch, {})
    if name in outputs or len(answers.outputs) > _MOST_EPOCHS:
        raise id_.problem(f"the sample '{name[:80]}' occurs twice in one epoch. Import the file as the tool wrote it")
    answers.errors += sample.find("error") is not None
    scores = {column.name: _value(sample, column, answers) for column in columns}
    usage = [node for _, node in (sample.find("model_usage") or JsonNode("", "", {})).fields()]
    tokens_in, tokens_out = (sum(_tokens(node, kind) for node in usage) for kind in ("input_tokens", "output_tokens"))
    answers.tokens += tokens_in + tokens_out
    answers.seconds.append(node.find_number() if (node := sample.find("output", "time")) else None)
    written = _output(sample)
    answer = next((node.value for column in columns if (node := sample.find("scores", column.scorer, "answer"))), None)
    extracted = cut(answer) if isinstance(answer, str) and answer != written else None
    outputs[name] = Prediction(name, written, extracted, scores=scores, tokens_in=tokens_in, tokens_out=tokens_out)


def _value(sample: JsonNode, column: _Column, answers: _Answers) -> float | None:
    """The score of a sample as a number; None where it has none."""
    node = sample.find("scores", column.scorer, "value")
    if node is not None and isinstance(node.value, dict):
        node = node.find(column.key)
    if node is None:
        return None
    if isinstance(node.value, str) and node.value in _LETTERS:
        answers.graded.add(column.name)
        return _LETTERS[node.value]
    return node.find_number()


def _is_mean(column: _Column, answers: _Answers) -> bool:
    """Whether the mean over samples, each the mean of its epochs, is what the log states."""
    by_sample: dict[str, list[float]] = {}
    for outputs in answers.outputs.values():
        for name, prediction in outputs.items():
            if (value := prediction.scores[column.name]) is not None:
                by_sample.setdefault(name, []).append(value)
    means = [math.fsum(values) / len(values) for values in by_sample.values()]
    return bool(means) and math.isclose(math.fsum(means) / len(means), column.mean, rel_tol=1e-6, abs_tol=1e-9)


def _score(column: _Column, answers: _Answers, task_version: str, header: JsonNode) -> StoredScore:
    known = column.metric == "accuracy" or column.name in answers.graded
    direction: Literal["higher", "none"] = "higher" if known else "none"
    unit = "fraction" if known and 0 <= column.mean <= 1 else "value"
    exact = known and column.scorer.rsplit("/", 1)[-1] in _EXACT
    return StoredScore(column.name, direction, unit, f"{column.name}|task version:{task_version}|imported", exact=exact)


def _total(column: _Column, header: JsonNode) -> ScoreTotal:
    if column.samples < 1:
        raise header.problem("has no samples, and does not state how many there were. Leave this file out")
    successes = round(column.mean * column.samples) if column.scorer in _EXACT and 0 <= column.mean <= 1 else None
    if successes is not None and not math.isclose(successes / column.samples, column.mean, abs_tol=1e-9):
        successes = None
    return ScoreTotal(column.mean, column.samples, successes, column.error)


def _repeats(answers: _Answers, names: Sequence[str], header: JsonNode) -> tuple[tuple[Prediction, ...], ...]:
    """The outputs of each epoch, in the order of the examples."""
    for epoch, outputs in answers.outputs.items():
        if missing := next((name for name in answers.examples if name not in outputs), None):
            raise header.problem(f"the sample '{missing[:80]}' has no output in epoch {epoch}. Leave this file out")
    return tuple(tuple(answers.outputs[epoch][name] for name in answers.examples) for epoch in sorted(answers.outputs))


def _costs(answers: _Answers) -> tuple[Cost, ...]:
    """The time of the answers of one epoch, as the log states it for each."""
    known = [seconds for seconds in answers.seconds if seconds is not None and seconds >= 0]
    if not known or len(known) < len(answers.seconds):
        return ()
    epochs = len(answers.outputs)
    return (Cost("predict", math.fsum(known) / epochs, f"as {TOOL} states", tokens=answers.tokens // epochs),)


def _warnings(answers: _Answers, left_out: Sequence[_Column], path: Path) -> Iterator[str]:
    if left_out:
        yield f"Not imported, because {path.name} states no mean over samples for them: {', '.join(each.label for each in left_out)}."
    if answers.errors:
        yield f"{path.name}: {answers.errors:,} samples ended with an error; where they have no score, they do not count."


def _targets(sample: JsonNode) -> tuple[str, ...]:
    target = sample.find("target")
    values = [] if target is None else target.value if isinstance(target.value, list) else [target.value]
    return tuple(cut(str(value)) for value in values if str(value).strip())


def _describe_input(sample: JsonNode) -> str:
    """The input as text: of a conversation, each message with its role; with the choices."""
    node = sample.at("input")
    attachments: Mapping[str, object] = stored.value if (stored := sample.find("attachments")) and isinstance(stored.value, dict) else {}
    if isinstance(node.value, str):
        text = node.value
    else:
        text = "\n".join(f"{each.at('role').text()}: {_content(each.find('content'))}" for each in node.items())
    choices = sample.find("choices")
    if choices is not None:
        text = "\n".join([text, *(f"{chr(65 + i % 26)}) {each.text()}" for i, each in enumerate(choices.items()))])
    return _ATTACHMENT.sub(lambda match: str(attachments.get(match[1], match[0])), text)


def _content(node: JsonNode | None) -> str:
    """The text of a message, which may have several parts."""
    if node is None or isinstance(node.value, str):
        return "" if node is None else node.text()
    parts = [each.find("text") for each in node.items()]
    return "\n".join(part.text() if part is not None else "[not text]" for part in parts)


def _output(sample: JsonNode) -> str:
    choices = sample.find("output", "choices")
    first = next(iter(choices.items()), None) if choices is not None else None
    return cut(_content(first.find("message", "content"))) if first is not None else ""


def _tokens(node: JsonNode, kind: str) -> int:
    count = node.find(kind)
    return count.count() if count is not None else 0
