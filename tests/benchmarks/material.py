"""The rows that comparisons train on and answer, from the public data sets beside the checkout."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from places import SHARED

DATA = SHARED / "data"
Rows = list[dict[str, object]]


def write_material(folder: Path, rows: int | None = None) -> Mapping[str, Path]:
    """All files of rows, by name; each has at most `rows` of them."""
    files = {}
    for name, make in _MATERIAL.items():
        files[name] = folder / f"{name}.jsonl"
        write_rows(files[name], make()[:rows])
    return files


def write_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def read_rows(path: Path) -> Rows:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_ended_choices(path: Path, target: Path) -> Path:
    """The same rows for lm-evaluation-harness, which leaves the end token out of a label's likelihood: here it is part of the text."""
    rows = read_rows(path)
    write_rows(target, [row | {"choices": [f"{choice}<|im_end|>" for choice in row["choices"]]} for row in rows])  # type: ignore[attr-defined]
    return target


def _dialogues() -> Rows:
    """Dialogues of about 90 tokens, with notes of about 15."""
    return _summaries(_is_short, 32)


def _other_dialogues() -> Rows:
    """As many more of them, to test on."""
    return _summaries(_is_short, 64)[32:]


def _long_dialogues() -> Rows:
    """Dialogues of about 500 tokens, with notes of about 150."""
    return _summaries(lambda row: 1600 < len(row["dialogue"]) < 2600 and len(row["section_text"]) < 900, 16)


def _restaurants() -> Rows:
    """Texts that are as long as their prompts."""
    rows = read_table("e2e-cleaned/devel-fixed.no-ol.csv")[::120]
    return [{"prompt": f"{row['mr']}\nText:\n", "completion": row["ref"]} for row in rows][:32]


def _intents() -> Rows:
    """Short messages with one of 77 labels."""
    choices = sorted({row["category"] for row in read_table("banking77/test.csv")})
    rows = read_table("banking77/test.csv")[::97]
    return [_choice(f"{row['text']}\nLabel:\n", choices, row["category"]) for row in rows]


def _long_inputs() -> Rows:
    """Dialogues of about 320 tokens, with the five most frequent of their sections."""
    rows = [row for row in read_table("mts-dialog/MTS-Dialog-TrainingSet.csv") if 800 < len(row["dialogue"]) < 2600]
    counts = {name: sum(row["section_header"] == name for row in rows) for name in {row["section_header"] for row in rows}}
    choices = sorted(sorted(counts, key=lambda name: (-counts[name], name))[:5])
    chosen = [row for row in rows if row["section_header"] in choices][:16]
    return [_choice(f"{row['dialogue']}\nSection:\n", choices, row["section_header"]) for row in chosen]


_MATERIAL: Mapping[str, Callable[[], Rows]] = {
    "dialogues": _dialogues,
    "other-dialogues": _other_dialogues,
    "long-dialogues": _long_dialogues,
    "restaurants": _restaurants,
    "intents": _intents,
    "long-inputs": _long_inputs,
}


def _is_short(row: dict[str, str]) -> bool:
    return len(row["dialogue"]) < 900 and len(row["section_text"]) < 250


def _summaries(is_chosen: Callable[[dict[str, str]], bool], number: int) -> Rows:
    rows = [row for row in read_table("mts-dialog/MTS-Dialog-TrainingSet.csv") if is_chosen(row)]
    return [{"prompt": f"Summarize.\n\n{row['dialogue']}\n\nSummary:\n", "completion": row["section_text"]} for row in rows[:number]]


def _choice(prompt: str, choices: list[str], label: str) -> dict[str, object]:
    return {"prompt": prompt, "completion": label, "choices": choices, "label": choices.index(label)}


def read_table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8-sig", newline="") as file:
        # `bench run` reads line ends as "\n": with "\r\n", which the other tools keep, both sides would have other prompts.
        return [{name: value.replace("\r\n", "\n") for name, value in row.items()} for row in csv.DictReader(file)]
