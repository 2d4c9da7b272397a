"""Checks of data that need a model's tokenizer or the measures of faithfulness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.data.checks import MOST_ROWS, SPOILING_SHARE, count_languages
from harness.errors import BenchError
from harness.types import DataFinding, Prediction, Severity, Strategy

if TYPE_CHECKING:
    from harness.data.checks import CheckedRows

_INCLUDED = "tiny"
_MOST_PROMPTS = 5_000  # whose tokens are counted: more takes minutes and changes the share little
_PROMPTS_AT_ONCE = 500
_MOST_TARGETS = 2_000  # that are compared with their inputs
_ENGLISH_SHARE = 0.8
_WARNING_SHARE = 0.1  # of the targets


def find_cut_prompts(rows: CheckedRows, model: str | None, progress: Callable[[float], None]) -> list[DataFinding]:
    """Rows whose prompt is cut because model or task take fewer tokens. Of many rows, some at equal distances are looked at.

    Args:
        model: a name, a folder, a .gguf file, or org/name on the Hub; None for the included one, which is rarely the one to be trained, so
            that cut prompts are only a warning. No weights are loaded.

    Raises:
        BenchError: there is no such model.
    """
    from harness.engine.inference import Predictor
    from harness.engine.models import load_skeleton, resolve_model

    progress(0.0)
    labels = rows.task.labels or tuple(sorted({example.targets[0] for example in rows.examples if rows.task.chooses}))
    skeleton = load_skeleton(resolve_model(model or _INCLUDED), labels=labels)
    predictor = Predictor(rows.task, Strategy(name="base", method="prompt"), skeleton, labels)
    checked = _spread(len(rows), _MOST_PROMPTS)
    cut: list[int] = []
    try:
        limit = predictor.budget
        for start in range(0, len(checked), _PROMPTS_AT_ONCE):
            part = checked[start : start + _PROMPTS_AT_ONCE]
            prompts = predictor.prompts([replace(rows.examples[row], choices=labels) for row in part])
            cut += [row for row, prompt in zip(part, prompts, strict=True) if prompt.truncated]
            progress((start + len(part)) / len(checked))
    except BenchError:  # the prompt needs an input that the data lacks, or leaves no room: a plan reports it
        return []
    if not cut:
        return []
    by_split = rows.count_by_split(cut)
    of_split = rows.count_by_split(checked)
    spoils = model is not None and any(count >= SPOILING_SHARE * of_split[split] for split, count in by_split.items())
    severity: Severity = "spoils" if spoils else "warns"
    longest = sorted(cut, key=lambda row: -sum(map(len, rows.examples[row].inputs.values())))
    shown = tuple(rows.flag(row, value=f"{sum(map(len, rows.examples[row].inputs.values())):,} characters") for row in longest[:MOST_ROWS])
    limits = {"tokens": float(limit), "context": float(skeleton.context), "all": float(len(rows))}
    return [
        DataFinding(
            "cut_prompts",
            severity,
            len(cut),
            len(checked),
            rows=shown,
            splits=by_split,
            values={model or _INCLUDED: len(cut)},
            limits=limits,
        )
    ]


def find_unsupported_targets(rows: CheckedRows, progress: Callable[[float], None]) -> list[DataFinding]:
    """Written targets with numbers or names that the input does not have. English only; of many rows, some at equal distances."""
    from harness.metrics import find_unsupported

    if rows.task.kind not in ("summarization", "generation"):
        return []
    languages, _ = count_languages(rows)
    if languages and sum(language == "en" for language in languages.values()) < _ENGLISH_SHARE * len(languages):
        return []
    progress(0.0)
    checked = _spread(len(rows), _MOST_TARGETS)
    pieces: dict[int, str] = {}
    for number, row in enumerate(checked):
        example = rows.examples[row]
        target = Prediction(example.id, example.targets[0][:20_000])
        without_references = replace(example, targets=(), inputs={name: text[:50_000] for name, text in example.inputs.items()})
        unsupported = [piece.text for piece in find_unsupported(without_references, target) if piece.kind in ("number", "name")]
        if unsupported:
            pieces[row] = ", ".join(unsupported)
        if number % 100 == 0:
            progress(number / len(checked))
    if not pieces:
        return []
    severity: Severity = "warns" if len(pieces) >= _WARNING_SHARE * len(checked) else "notes"
    shown = tuple(rows.flag(row, value=value, expected=rows.examples[row].targets[0]) for row, value in list(pieces.items())[:MOST_ROWS])
    return [
        DataFinding("unsupported_targets", severity, len(pieces), len(checked), rows=shown, splits=rows.count_by_split(pieces),
                    limits={"all": float(len(rows))})
    ]  # fmt: skip


def _spread(size: int, most: int) -> list[int]:
    """At most so many row numbers, at equal distances."""
    return list(range(size)) if size <= most else [i * size // most for i in range(most)]
