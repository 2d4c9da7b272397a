"""Lifecycle files: what they mean, and every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import BenchError
from harness.lifecycle.retraining import read_lifecycle

GOOD = """\
version: 1
task: visits.yaml
when: {drift: true, age_days: 30, new_rows: 500}
data: {new: new/*.jsonl, harvested: [a.jsonl, b.jsonl]}
run: {strategies: lora, model: tiny}
gate: {policy: gate.yaml}
limits: {hours: 4, price: 20}
"""


def write(folder: Path, text: str) -> Path:
    (folder / "gate.yaml").touch()
    file = folder / "lifecycle.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_paths_start_at_the_file_and_names_of_the_catalog_stay(tmp_path: Path) -> None:
    spec = read_lifecycle(write(tmp_path, GOOD.replace("strategies: lora", "strategies: [lora, mine.yaml, 'lora:r=8']"))).spec
    assert spec.task == str(tmp_path / "visits.yaml") and spec.data.new == str(tmp_path / "new/*.jsonl")
    assert spec.data.harvested == (str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl"))
    assert spec.run.strategies == ("lora", str(tmp_path / "mine.yaml"), "lora:r=8")
    assert spec.gate.policy == str(tmp_path / "gate.yaml") and spec.run.model == "tiny"
    assert read_lifecycle(write(tmp_path, GOOD.replace("visits.yaml", "visits"))).spec.task == "visits"


def test_only_what_decides_about_a_model_changes_the_digest(tmp_path: Path) -> None:
    before = read_lifecycle(write(tmp_path, GOOD)).digest
    assert read_lifecycle(write(tmp_path, GOOD.replace("hours: 4", "hours: 5").replace("age_days: 30", "age_days: 9"))).digest == before
    assert read_lifecycle(write(tmp_path, GOOD.replace("model: tiny", "model: other"))).digest != before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("drift: true", "drfit: true", r"lifecycle\.yaml:3: when: unknown field 'drfit'.*Did you mean 'drift'"),
        ("{drift: true, age_days: 30, new_rows: 500}", "{wait_days: 3}", r":3: when: no trigger is set"),
        ("age_days: 30", "age_days: 0", r":3: when\.age_days"),
        ("age_days: 30", "age_days: true", r":3: when\.age_days: must be a number, not true"),
        ("{new: new/*.jsonl, harvested: [a.jsonl, b.jsonl]}", "{test_share: 0.1}", r":4: data: names no data"),
        ("new: new/*.jsonl", "new: new/*.jsonl, test_share: 0.9", r":4: data\.test_share"),
        ("strategies: lora", "strategies: []", r":5: run\.strategies"),
        ("gate.yaml", "none.yaml", r":6: gate\.policy: there is no file .*none\.yaml"),
        ("hours: 4", "hours: -1", r":7: limits\.hours"),
        ("hours: 4", "hours: .inf", r":7: limits\.hours"),
        ("version: 1", "version: 2", r":1: version"),
        ("task: visits.yaml\n", "", r"the field 'task' is missing"),
        ("limits:", "limts:", r"unknown field 'limts'"),
        (GOOD, "[]", r"must be a mapping"),
        (GOOD, "a: [", r"not valid YAML"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(BenchError, match=message):
        read_lifecycle(write(tmp_path, GOOD.replace(old, new)))


def test_several_mistakes_are_one_error(tmp_path: Path) -> None:
    with pytest.raises(BenchError) as raised:
        read_lifecycle(write(tmp_path, GOOD.replace("age_days: 30", "age_days: x").replace("hours: 4", "hours: none")))
    assert len(raised.value.problems) == 2
