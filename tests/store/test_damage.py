"""A damaged file is never accepted: `bench verify` names it, and every reader refuses it, without a traceback.

Digests of every kind of file are checked with flipped bits, cut and emptied files, and files that were exchanged for another of their kind.
A new kind of file joins the campaign when `whole_run` writes one.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from report_factory import Made, make_judge_record, make_run, summarization

from harness.api import approve, gate, review_exclude, review_export, review_harvest, review_import, verify
from harness.engine.artifacts.shots_file import load_shots, save_shots
from harness.engine.prompts import Shot
from harness.errors import BenchError
from harness.gate import load_approvals, load_verdicts
from harness.judging import JudgeRecord, load_judges
from harness.reporting import write_page
from harness.results import FinishedCell, RunResults
from harness.review import load_reviews
from harness.store import JUDGES, RunFolder, add_verdict_file, read_retired_examples, verify_run
from tests.foreign import edit_json
from tests.review.raters import page_file, rating

Damage = Callable[[bytes, random.Random], bytes]

DAMAGES: dict[str, Damage] = {
    "flipped bit": lambda content, draw: _flip(content, draw.randrange(8 * len(content))),
    "truncation": lambda content, draw: content[: draw.randrange(len(content))],
    "emptying": lambda content, draw: b"",
}
SWAP = "swap"


def _flip(content: bytes, bit: int) -> bytes:
    flipped = bytearray(content)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with files of every kind, two of each where there can be several."""
    folder = tmp_path_factory.mktemp("whole")
    cells = [Made("base", 0.2), Made("few-shot", 0.4), *(Made("lora", 0.9, seed, train_seconds=9) for seed in (1, 2, 3, 4))]
    run = make_run(folder / "run", [summarization(cells, rows=40)])
    for number, cell in enumerate(run.cells):
        files = run.folder.cell(cell.id)
        result, predictions = files.result(), files.predictions()
        if number < 2:
            files.answer_records.write_text(f'{{"id": "{number}", "model": "big-2026"}}\n', encoding="utf-8")
        if cell.strategy == "few-shot":
            save_shots(files, (Shot("a prompt", "its completion"), Shot("another prompt", "another completion")))
        if cell.strategy == "lora":
            files.artifact.mkdir()
            for name in ("adapter_model.safetensors", "adapter_config.json", "tokenizer.json", "README.md"):
                (files.artifact / name).write_text(f"{name} of seed {cell.seed} " * 40)
        files.log.write_text(f"the log of cell {number}\n")
        files.write_result(result, predictions)
    run.folder.remove_working_files()
    run.folder.seal()
    for cell in run.cells[-2:]:
        run.folder.cell(cell.id).remove_weights(datetime(2026, 3, 31, tzinfo=UTC))
    for seed in (1, 2):
        exported = review_export(run.path, ["base", "lora"], n=6, repeats=0, mode="errors", train_size=0, seed=seed)
        items = [item.id for item in exported.packet.items]
        for answer in ("minor", "none"):
            corrected = [rating(item, {"severity": answer}, corrected="a correction") for item in items[:4]]
            (file,) = [page_file(folder, exported.packet, rater, corrected) for rater in exported.packet.raters]
            review_import(run.path, [file])
    review_exclude(run.path, "rater-1", reason="guessed")
    review_exclude(run.path, "rater-1", reason="", undo=True)
    review_harvest(run.path, folder / "harvest.jsonl", retire_test_examples=True)
    (policy := folder / "gate.yaml").write_text("approvals: 2\nrules: [{rule: not_worse, score: rougeL, margin: 0.01}]\n")
    for baseline, rules in (("base", None), ("few-shot", policy)):
        named = f"{run.path}:{baseline}"
        gate(run.path, "lora", baseline=named, policy=rules, registry=folder / "registry", new_registry=rules is None)
    for person in ("anna", "ben"):
        approve(run.path, "lora", person, policy=policy, key=folder / f"{person}.pem")
    for name in ("careful", "strict"):
        add_verdict_file(run.path, JudgeRecord, make_judge_record(run, name), at="2026-03-31T00:00:00+00:00", folder=JUDGES)
    write_page(RunResults(run.folder), run.folder.report)
    return run.path


def kind_of(path: Path) -> str:
    """What files have in common that are of one kind."""
    parts = [
        part if "." in part or part in ("data", "cells", "artifact", "review", "imports", "gates", "approvals", "judges") else "*"
        for part in path.parts
    ]
    return "/".join(
        [*parts[:-1], f"*{path.suffix}" if parts[-2:-1] in (["imports"], ["gates"], ["approvals"], ["judges"], ["data"]) else parts[-1]]
    )


def files_by_kind(run: Path) -> dict[str, list[Path]]:
    """The files of a run by kind, without those for raters and the lock files."""
    kinds: dict[str, list[Path]] = {}
    for file in sorted(run.rglob("*")):
        place = file.relative_to(run)
        if file.is_file() and "send" not in place.parts and not file.name.startswith("."):
            kinds.setdefault(kind_of(place), []).append(place)
    return kinds


def read_everything(folder: RunFolder) -> None:
    """What the commands read of a run: report, compare, gate, review, predict, export, promote."""
    run = RunResults(folder)
    for task in run.plan.tasks:
        run.examples(task)
        folder.find_trained_on(task, ["x"])
    for cell in run.cells:
        assert run.results[cell.id].status == "done"
        run.predictions(cell.id)
        run.training_curve(cell.id)
        folder.cell(cell.id).check("artifact/")
        load_shots(FinishedCell(run, cell)) if run.plan.get_strategy(cell).shots else None
    load_reviews(run)
    load_verdicts(folder.path)
    load_approvals(folder.path)
    load_judges(run, "summarization")
    read_retired_examples(folder.path)


def is_refused(folder: RunFolder) -> bool:
    """Whether a reader refuses the run with a message; any other exception is a failure of the test."""
    try:
        read_everything(folder)
    except BenchError:
        return True
    return False


# Nothing computes with these, so only `bench verify` checks them.
FOR_PEOPLE = ("cells/*/log.txt", "cells/*/answers.jsonl", "report.html")


def run_campaign(whole_run: Path, folder: Path, cases: int, seed: int) -> Counter[str]:
    """Damage one file at a time, and count by kind of file and of damage. Asserts that no damage is accepted."""
    run = Path(shutil.copytree(whole_run, folder / "run"))
    (copies := folder / "other").mkdir()
    kinds, draw, counts = files_by_kind(run), random.Random(seed), Counter[str]()
    plan = [(kind, damage) for kind in kinds for damage in (*DAMAGES, SWAP)]
    for number in range(cases):
        kind, damage = plan[number % len(plan)]
        place = draw.choice(kinds[kind])
        file, intact = run / place, (run / place).read_bytes()
        siblings = [other for other in kinds[kind] if (run / other).read_bytes() != intact]
        if not intact or (damage == SWAP and not siblings):
            continue
        other = run / draw.choice(siblings) if damage == SWAP else copies / "unused"
        changed = other.read_bytes() if damage == SWAP else DAMAGES[damage](intact, draw)
        if damage == SWAP:
            other.write_bytes(intact)
        file.write_bytes(changed)
        case = f"{damage} of {place}" + (f" and {other.relative_to(run)}" if damage == SWAP else "")
        checked = verify_run(RunFolder(run))
        assert place.as_posix() in {problem.path for problem in checked.problems}, f"verify accepts {case}"
        if kind not in FOR_PEOPLE:
            assert is_refused(RunFolder(run)), f"readers accept {case}"
        file.write_bytes(intact)
        if damage == SWAP:
            other.write_bytes(changed)
        counts[f"{kind} × {damage}"] += 1
    assert verify_run(RunFolder(run)).is_intact
    read_everything(RunFolder(run))
    return counts


def test_whole_run_is_intact_and_has_every_kind_of_file(whole_run: Path) -> None:
    read_everything(RunFolder(whole_run))
    checked = verify_run(RunFolder(whole_run))
    assert checked.is_intact and checked.is_finished and checked.made_here, checked.problems
    assert all("/send/" in place for place in checked.unchecked), checked.unchecked
    assert set(files_by_kind(whole_run)) == {
        "run.json", "seal.json", "added.json", "report.html", "data/*.parquet", "data/*.key",
        "cells/*/cell.json", "cells/*/predictions.parquet", "cells/*/training.jsonl", "cells/*/shots.json", "cells/*/log.txt",
        "cells/*/removed.json", "cells/*/answers.jsonl",
        "cells/*/artifact/adapter_model.safetensors", "cells/*/artifact/adapter_config.json", "cells/*/artifact/tokenizer.json",
        "cells/*/artifact/README.md", "review/*/packet.json", "review/*/key.json", "review/*/imports/*.json",
        "review/*/excluded.json", "review/retired.json",
        "gates/*.json",
        "approvals/*.json",
        "judges/*.json",
    }  # fmt: skip


def test_no_damage_is_accepted(whole_run: Path, tmp_path: Path) -> None:
    counts = run_campaign(whole_run, tmp_path, cases=80, seed=1)
    assert counts.total() > 60


@pytest.mark.soak
def test_no_damage_of_ten_thousand_is_accepted(whole_run: Path, tmp_path: Path) -> None:
    counts = run_campaign(whole_run, tmp_path, cases=11_300, seed=2)
    print("\n".join(f"{number:6,}  {case}" for case, number in sorted(counts.items())), f"\n{counts.total():6,}  in total")
    assert counts.total() >= 10_000


@pytest.mark.parametrize(
    "place",
    [
        "gates/*.json",
        "approvals/*.json",
        "judges/*.json",
        "review/*/imports/*.json",
        "review/*/packet.json",
        "review/*/key.json",
        "review/retired.json",
    ],
)
def test_deleted_review_or_verdict_is_noticed_until_its_loss_is_accepted(whole_run: Path, tmp_path: Path, place: str) -> None:
    run = RunFolder(Path(shutil.copytree(whole_run, tmp_path / "run")))
    file = next(run.path.glob(place))
    file.unlink()
    deleted = file.relative_to(run.path).as_posix()
    assert [(each.path, each.problem) for each in verify_run(run).problems] == [(deleted, "is missing")]
    with pytest.raises(BenchError, match=rf"{file.name}: is missing, but added\.json lists it\. Restore it from a backup, or accept"):
        read_everything(run)
    accepted = verify(run.path, forget_missing=True)
    assert accepted.is_intact and list(accepted.lost) == [deleted]
    assert list(verify(run.path).lost) == [deleted], "the loss stays recorded"
    if place != "review/*/key.json":  # a packet without its key cannot be read
        read_everything(run)


@pytest.mark.parametrize("place", ["gates/*.json", "review/*/imports/*.json"])
def test_replaced_review_or_verdict_is_noticed(whole_run: Path, tmp_path: Path, place: str) -> None:
    """Its own digest was written again, but the list has another."""
    run = RunFolder(Path(shutil.copytree(whole_run, tmp_path / "run")))
    file, listed = next(run.path.glob(place)), (run.path / "added.json").read_bytes()
    edit_json(file, lambda value: value.update({"at": "2020-01-01T00:00:00+00:00"} if "gates" in place else {"source": "other.json"}))
    (run.path / "added.json").write_bytes(listed)
    assert [each.path for each in verify_run(run).problems] == [file.relative_to(run.path).as_posix()]
    with pytest.raises(BenchError, match=rf"{file.name}: is damaged: its sha256 is .*, and added\.json has"):
        read_everything(run)


def test_list_of_reviews_and_verdicts_cannot_be_deleted_alone(whole_run: Path, tmp_path: Path) -> None:
    run = RunFolder(Path(shutil.copytree(whole_run, tmp_path / "run")))
    (run.path / "added.json").unlink()
    assert "added.json" in {each.path for each in verify_run(run).problems}
    with pytest.raises(BenchError, match=r"added\.json: is missing, and it lists the reviews and verdicts of the run"):
        read_everything(run)


def test_verdict_of_a_killed_gate_is_complete_or_absent(whole_run: Path, tmp_path: Path) -> None:
    """The list announces a file before it is written; both outcomes are intact, and the next file that is added settles them."""
    run = RunFolder(Path(shutil.copytree(whole_run, tmp_path / "run")))
    first, second = sorted(run.path.glob("gates/*.json"))

    def announce(value: Any) -> None:
        value["files"].update({f"gates/{file.name}": None for file in (first, second)})

    edit_json(run.path / "added.json", announce)
    second.unlink()
    assert verify_run(run).is_intact and len(load_verdicts(run.path)) == 1
    gate(run.path, "lora", baseline=f"{run.path}:few-shot", registry=tmp_path / "registry", new_registry=True)
    assert len(load_verdicts(run.path)) == 2 and verify_run(run).is_intact
    first.unlink()
    assert [each.path for each in verify_run(run).problems] == [f"gates/{first.name}"]


def test_killed_import_is_listed_when_it_is_repeated(whole_run: Path, tmp_path: Path) -> None:
    """The record was written, but its process was killed before it could be listed."""
    run = RunFolder(Path(shutil.copytree(whole_run, tmp_path / "run")))
    record = next(run.path.glob("review/*/imports/*.json"))
    place = record.relative_to(run.path).as_posix()
    edit_json(run.path / "added.json", lambda value: value["files"].update({place: None}))
    (tmp_path / "empty.json").write_text("[]")
    review_import(run.path, [tmp_path / "empty.json"])
    record.unlink()
    assert [each.path for each in verify_run(run).problems] == [place]


def test_missing_and_foreign_files_are_problems(whole_run: Path, tmp_path: Path) -> None:
    run = RunFolder(Path(shutil.copytree(whole_run, tmp_path / "run")))
    cell = next(cell for cell in run.plan().cells if cell.strategy == "lora")
    (run.cell(cell.id).artifact / "model.py").write_text("print()")
    with pytest.raises(BenchError, match=r"model\.py: does not belong to the cell"):
        run.cell(cell.id).check("artifact/")
    shutil.rmtree(run.cell(run.plan().cells[0].id).path)
    problems = {problem.path: problem.problem for problem in verify_run(run).problems}
    assert set(problems.values()) == {"is missing", "does not belong to the cell: cell.json does not list it"}
    assert len(problems) == 5, "the cell's four files, and the foreign one"


def test_files_of_another_run_are_noticed(whole_run: Path, tmp_path: Path) -> None:
    """They are intact in themselves, and at the same place in their run."""
    run = Path(shutil.copytree(whole_run, tmp_path / "run"))
    other = make_run(tmp_path / "other", [summarization([Made("base", 0.3), Made("few-shot", 0.4)], rows=40)])
    for place in ("run.json", f"cells/{other.cells[0].id}/cell.json"):
        kept = (run / place).read_bytes()
        (run / place).write_bytes((other.path / place).read_bytes())
        assert place in {problem.path for problem in verify_run(RunFolder(run)).problems}
        with pytest.raises(BenchError):
            read_everything(RunFolder(run))
        (run / place).write_bytes(kept)


def test_unfinished_run_is_intact_and_says_that_it_is_not_finished(whole_run: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(whole_run, tmp_path / "run"))
    (run / "seal.json").unlink()
    checked = verify_run(RunFolder(run))
    assert checked.is_intact and not checked.is_finished and checked.digest is None and not checked.made_here


def test_run_of_another_machine_is_not_made_here(whole_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunFolder(Path(shutil.copytree(whole_run, tmp_path / "run")))
    assert run.was_made_here(), "a copy of it is the same run"
    monkeypatch.setattr("harness.cache._Choice.folder", tmp_path / "cache of another machine")
    assert not run.was_made_here()
    cell = run.cell(run.plan().cells[0].id)
    cell.write_result(cell.result(), [replace(prediction, output="better") for prediction in cell.predictions()])
    run.seal()  # a forger can do this
    assert verify_run(run).is_intact and run.was_made_here()
    monkeypatch.undo()
    assert not run.was_made_here()
