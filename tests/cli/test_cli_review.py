"""`bench review`: commands, messages and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from report_factory import HOSTILE, Made, make_run, summarization

from harness.store import StoredRun
from tests.cli.conftest import Call


@pytest.fixture
def run(tmp_path: Path) -> StoredRun:
    cells = [Made("base", 0.2), Made("lora", 0.9, 1, train_seconds=9)]
    return make_run(tmp_path / "runs" / "done", [summarization(cells, rows=40)])


def export_packet(call: Call, run: StoredRun, *more: str) -> dict[str, object]:
    ended = call("review", "export", str(run.path), "--strategies", "base,lora", "--n", "10", *more)
    assert ended.code == 0, ended
    (packet,) = run.path.glob("review/*/packet.json")
    found: dict[str, object] = json.loads(packet.read_text())
    assert f"Packet {found['id']}: " in ended.err and "Do not send the key: " in ended.err
    assert all(Path(line).is_file() for line in ended.out.splitlines())
    return found


def write_page_file(
    folder: Path, packet: dict[str, object], answer: str = "A", corrected: str | None = None, rater: str | None = None
) -> str:
    items = [j["id"] for j in packet["items"] if rater in (None, j["rater"])]  # type: ignore[attr-defined]
    ratings = [{"item": item, "answers": {"preference": answer}, "corrected": corrected} for item in items]
    path = folder / f"ratings-{answer}.json"
    path.write_text(json.dumps({"bench_review": 1, "packet": packet["id"], "rater": packet["raters"][0], "ratings": ratings}))  # type: ignore[index]
    return str(path)


def test_export_import_status_and_report(call: Call, run: StoredRun, tmp_path: Path) -> None:
    assert "No packet was exported" in call("review", "status", str(run.path)).out
    packet = export_packet(call, run, "--raters", "anna", "--format", "html,csv", "--out", str(tmp_path / "send"))
    assert sorted(p.suffix for p in (tmp_path / "send").iterdir()) == [".csv", ".html"]
    status = call("review", "status", str(run.path))
    assert "has no ratings yet" in status.out and "0 of 11" in status.out
    done = call("review", "import", str(run.path), write_page_file(tmp_path, packet))
    assert (done.code, done.out) == (0, "ratings-A.json: 11 new\n")
    again = call("review", "import", str(run.path), write_page_file(tmp_path, packet))
    assert (again.code, again.out) == (0, "ratings-A.json: was imported before, nothing has changed\n")
    shown = call("review", "status", str(run.path)).out
    assert "LoRA vs. the untuned model" in shown and "11 of 11" in shown
    (found,) = json.loads(call("review", "status", str(run.path), "--format", "json").out)["packets"]
    assert found["preferences"][0]["win_rate"]["n"] == 10 and found["raters"][0]["rated"] == 11
    page = run.path / "report.html"
    call("report", str(run.path))
    assert "Human review" in page.read_text(encoding="utf-8")


def test_import_exits_1_with_some_invalid_rows_and_2_without_a_valid_one(call: Call, run: StoredRun, tmp_path: Path) -> None:
    packet = export_packet(call, run)
    bad = Path(write_page_file(tmp_path, packet, "C"))
    none = call("review", "import", str(run.path), str(bad))
    assert none.code == 2 and "'C' is not one of A, B, tie, both bad" in none.err and "0 new, 11 rejected" in none.out
    value = json.loads(bad.read_text())
    value["ratings"][0]["answers"]["preference"] = "tie"
    value["ratings"][1]["item"] = HOSTILE
    bad.write_text(json.dumps(value))
    some = call("review", "import", str(run.path), str(bad))
    assert some.code == 1 and "1 new, 10 rejected" in some.out
    assert "\x1b" not in some.err and "\u202e" not in some.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--strategies", "base"), "--mode pairwise: needs at least two strategies"),
        (("--strategies", "base,nothing"), "nothing"),
        (("--strategies", "base,lora", "--format", "pdf"), "'pdf' is not one of html, xlsx, csv, label-studio, argilla"),
        (("--strategies", "base,lora", "--sample", "worst"), "--sample worst: unknown sampling method"),
    ],
)
def test_invalid_export_exits_2(call: Call, run: StoredRun, arguments: tuple[str, ...], message: str) -> None:
    ended = call("review", "export", str(run.path), *arguments)
    assert ended.code == 2 and message in ended.err
    assert not (run.path / "review").exists()


@pytest.mark.parametrize(("mode", "strategies"), [("pairwise", "base, lora"), ("errors", "lora")])
def test_strategies_are_chosen_by_the_decision(call: Call, run: StoredRun, mode: str, strategies: str) -> None:
    """So that `bench review export`, which many messages name, runs as it is."""
    ended = call("review", "export", str(run.path), "--mode", mode)
    assert ended.code == 0 and f", {mode}, {strategies}, " in ended.err, ended


def test_nothing_is_rated_without_a_result(call: Call, tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "failed", [summarization([Made("lora", status="failed", error="no memory")], rows=40)])
    ended = call("review", "export", str(run.path))
    assert ended.code == 2 and "no strategy has a result" in ended.err, ended


def test_import_without_a_packet_exits_2(call: Call, run: StoredRun, tmp_path: Path) -> None:
    ended = call("review", "import", str(run.path), str(tmp_path / "x.json"))
    assert ended.code == 2 and "no packet was exported from this run" in ended.err


def test_harvest_needs_consent_and_reports_what_it_retired(call: Call, run: StoredRun, tmp_path: Path) -> None:
    packet = export_packet(call, run)
    call("review", "import", str(run.path), write_page_file(tmp_path, packet, corrected="better"))
    out = str(tmp_path / "more.jsonl")
    refused = call("review", "harvest", str(run.path), "--out", out)
    assert refused.code == 2 and "--retire-test-examples" in refused.err and not Path(out).exists()
    done = call("review", "harvest", str(run.path), "--out", out, "--retire-test-examples")
    assert done.code == 0 and done.err.startswith("RETIRED: 10 test examples of summarization")
    assert done.out.splitlines()[0] == out and Path(out).read_text().count("\n") == 10
    call("report", str(run.path))
    assert "10 test examples of this task were harvested for training" in (run.path / "report.html").read_text(encoding="utf-8")


def test_disagreements_are_settled_and_a_rater_is_excluded(call: Call, run: StoredRun, tmp_path: Path) -> None:
    packet = export_packet(call, run, "--raters", "anna,ben", "--repeats", "0")
    for rater in ("anna", "ben"):  # sides are swapped for the second rater, so that A is another output
        call("review", "import", str(run.path), write_page_file(tmp_path, packet | {"raters": [rater]}, rater=rater))
    failed = call("review", "adjudicate", str(run.path), "--raters", "anna")
    assert failed.code == 2 and "was a rater of packet" in failed.err
    settling = call("review", "adjudicate", str(run.path), "--raters", "chief", "--show-ratings", "--format", "csv")
    assert settling.code == 0 and f"10 items on which the raters of {packet['id']} disagree, for chief" in settling.err
    assert Path(settling.out.strip()).suffix == ".csv" and "raters said" in Path(settling.out.strip()).read_text("utf-8-sig")
    silent = call("review", "exclude", str(run.path), "ben")
    assert silent.code == 2 and "--reason TEXT: say why the ratings of 'ben' do not count" in silent.err
    assert call("review", "exclude", str(run.path), "ben", "--reason", "guessed").out == (
        f"The ratings of ben no longer count in {packet['id']}.\n"
    )
    assert "Excluded by decision of the user: ben (“guessed”)" in call("review", "status", str(run.path)).out.replace("\n", " ")
