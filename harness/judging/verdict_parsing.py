"""From a judge's answer to its verdict. An answer without exactly one valid verdict has none: it is missing, and never a good score.

In this order: one JSON object with the verdict, with or without other text around it; one line "Verdict: …"; the verdict alone. A judge
may quote the text that it judges, so that an answer with two different verdicts is not read at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from harness.judging.judge_prompts import REASON, VERDICT
from harness.text import replace_surrogates
from harness.types import JudgeSpec

WhyMissing: TypeAlias = Literal["no_verdict", "several_verdicts", "cut", "refused", "too_long"]

_LONGEST = 100_000  # characters of an answer that are read
_MOST_OBJECTS = 200
_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_LONGEST_LINE = 200  # characters of a line with a verdict
_MARKS = " \t\r\n\"'`*_.#>"


@dataclass(frozen=True)
class ParsedAnswer:
    """What was read in an answer.

    Attributes:
        verdict: one of `JudgeSpec.verdicts`; empty where there is none.
        reason: in the judge's words; empty where it gives none.
        why_missing: why there is no verdict; empty where there is one.
    """

    verdict: str
    reason: str = ""
    why_missing: WhyMissing | Literal[""] = ""


def parse_answer(spec: JudgeSpec, text: str, *, was_cut: bool = False) -> ParsedAnswer:
    """Read an answer.

    Args:
        was_cut: whether it ended because it was too long.
    """
    text = _THOUGHT.sub("", text[:_LONGEST])
    objects = [value for value in _list_objects(text) if VERDICT in value]
    if objects:
        verdicts = {_read_verdict(spec, value[VERDICT]) for value in objects}
        reason = replace_surrogates(next((value[REASON] for value in objects if isinstance(value.get(REASON), str)), ""))
    else:
        lines = {line: _find_verdict(line) for line in text.splitlines()}
        verdicts = {_read_verdict(spec, verdict) for verdict in lines.values() if verdict is not None} or {_read_verdict(spec, text)}
        reason = "\n".join(line for line, verdict in lines.items() if verdict is None).strip()
    if len(verdicts) == 1 and (verdict := verdicts.pop()) is not None:
        return ParsedAnswer(verdict, "" if reason.strip() == text.strip() else reason)
    why: WhyMissing = "several_verdicts" if len(verdicts) > 1 else "cut" if was_cut else "no_verdict"
    return ParsedAnswer("", reason, why)


def has_form(spec: JudgeSpec, text: str) -> bool:
    """Whether an answer is the JSON object that was asked for, and nothing else."""
    try:
        value = json.loads(text, object_pairs_hook=_read_pairs)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and _read_verdict(spec, value.get(VERDICT)) is not None


def _find_verdict(line: str) -> str | None:
    """What a line "Verdict: …" says; None for any other line."""
    head, separator, rest = line[:_LONGEST_LINE].replace("=", ":", 1).partition(":")
    return rest if separator and head.strip(_MARKS).casefold() == "verdict" else None


def _list_objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text that are not inside another one."""
    decoder = json.JSONDecoder(object_pairs_hook=_read_pairs)
    place, count = text.find("{"), 0
    while place >= 0 and count < _MOST_OBJECTS:
        count += 1
        try:
            value, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            end = place + 1
        else:
            yield value
        place = text.find("{", end)


def _read_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a field that is named twice has no value, since it is not clear which is meant."""
    value: dict[str, Any] = {}
    for name, each in pairs:
        value[name] = None if name in value else each
    return value


def _read_verdict(spec: JudgeSpec, value: object) -> str | None:
    """The verdict that a value is; None where it is something else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value) if isinstance(value, str) or abs(value) < 1000 else ""
    text = text[: _LONGEST_LINE + 1].strip(_MARKS).casefold()
    return next((verdict for verdict in spec.verdicts if text == verdict.casefold()), None)
