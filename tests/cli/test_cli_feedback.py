"""`bench feedback`: files and single answers, formats, and what is refused."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from finished_runs import Finished
from report_factory import HOSTILE, Made, make_run, summarization

from harness.api import promote
from tests.cli.conftest import Call

TASK = "summarization"
STRANGE = HOSTILE.replace("\x00", "")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("service")
    run = make_run(folder / "run", [summarization([Made("base", 0.3)], rows=30)])
    promote(run.path, "base", registry=folder / "registry", new_registry=True, force=True, reason="a test", fingerprint=False)
    return folder / "registry"


@pytest.fixture(autouse=True)
def registry(service: Path, here: Path) -> None:
    shutil.copytree(service, here / "registry")


def test_add_and_show(call: Call, here: Path) -> None:
    empty = call("feedback", "show", TASK)
    assert empty.code == 0 and empty.out.startswith("No feedback on summarization yet.")
    rows = [f"a{i},{'complaint' if i % 4 == 0 else 'accepted'},{STRANGE.replace(',', '')},u{i % 7}" for i in range(40)]
    (here / "feedback.csv").write_text(
        "id,verdict,reason,user\n" + "\n".join(row.replace('"', "") for row in rows) + "\n", encoding="utf-8"
    )
    added = call("feedback", "add", TASK, "feedback.csv", "--today", "2026-03-01")
    assert added.out == "40 new answers with feedback. 40 in total.\n"
    assert added.err.startswith("10 of the complaints and corrections cannot become examples")
    one = ("--id", "b", "--verdict", "complaint", "--reason", STRANGE, "--value", "input=the text", "--date", "2026-03-02")
    assert call("feedback", "add", TASK, *one, "--today", "2026-03-02").out == "1 new answer with feedback. 41 in total.\n"
    again = call("feedback", "add", TASK, *one, "--today", "2026-03-02")
    assert again.out == "0 new answers with feedback, 1 known before. 41 in total.\n"
    text = call("feedback", "show", TASK)
    assert text.out.startswith("41 answers of 8 users with feedback, 2026-03-01 to 2026-03-02: 73% accepted")
    assert "\x1b" not in text.out and "\u202e" not in text.out
    assert json.loads(call("feedback", "show", TASK, "--format", "json").out)["all"]["numbers"]["complaint"]["count"] == 11
    assert "| Complaints | 11 of 41 | 27% |" in call("feedback", "show", TASK, "--format", "md").out
    assert call("feedback", "show", TASK, "--by", "day", "--format", "html", "--out", "a.html").out == "a.html\n"
    page = (here / "a.html").read_text(encoding="utf-8")
    assert "What users say about summarization" in page and "2026-03-02" in page and "<img" not in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", TASK), "name a file, or describe one answer with --id and --verdict"),
        (("add", TASK, "a.csv", "--id", "a"), "not both"),
        (("add", TASK, "--id", "a", "--verdict", "great"), "'great' is not one of"),
        (("add", TASK, "--id", "a", "--rating", "9"), "rating: must be a number from 1 to 5"),
        (("add", TASK, "missing.csv"), "missing.csv: no such file"),
        (("add", TASK, "--id", "a", "--verdict", "edited", "--today", "soon"), "'soon' is no date"),
        (("add", TASK, "--id", "a", "--verdict", "edited", "--registry", "none"), "does not exist"),
        (("add", "visits", "--id", "a", "--verdict", "edited"), "nothing was promoted for 'visits'"),
        (("add", TASK, "--id", "a", "--verdict", "edited", "--field", "verdict=x", "--field", "who=x"), "unknown role"),
        (("show", TASK, "--out", "a.html"), "--out needs --format"),
        (("show", TASK, "--slices", "ward"), "no feedback has this column"),
    ],
)
def test_bad_input_is_one_error(call: Call, arguments: tuple[str, ...], message: str) -> None:
    ended = call("feedback", *arguments)
    assert ended.code == 2 and message in ended.err
    assert not Path("registry/feedback/summarization/log.jsonl").exists()


def test_complaints_are_answered_again_by_a_real_model(call: Call, here: Path, finished: Finished) -> None:
    """From a complaint to a verdict: the model in service answers wrongly, another one rightly, and the gate sees it."""
    shutil.rmtree("registry")
    example = finished.run.examples("labels")[0]
    wrong, right = finished.outputs("base", "labels")[0], finished.outputs("full", "labels")[0]
    other = next(label for label in example.choices if label != right)
    promote(finished.run.path, "base", task="labels", new_registry=True, force=True, reason="a test", fingerprint=False)
    for id_, corrected in (("v1", right), ("v2", other)):
        inputs = [f"--value={name}={text}" for name, text in example.inputs.items()]
        added = call(
            "feedback", "add", "labels", "--id", id_, "--verdict", "complaint", "--corrected", corrected, "--output", wrong, *inputs
        )
        assert added.code == 0 and not added.err
    assert "v1" in call("feedback", "list", "labels").out
    check = ("feedback", "check", finished.folder, "--task", "labels", "--strategy", "full")
    assert call(*check).out.startswith("No complaint is confirmed")
    assert call("feedback", "confirm", "labels", "v1", "v2").out == "2 complaints confirmed.\n"
    ended = call(*check)
    assert ended.code == 1 and ended.out.startswith("1 of 2 confirmed complaints fixed, 1 still wrong.")
    (here / "gate.yaml").write_text("complaints: {at_most_broken: 0}\nrules: [{rule: not_worse, score: accuracy, margin: 0.9}]\n")
    gated = call("gate", finished.folder, "--task", "labels", "--strategy", "full", "--policy", "gate.yaml", "--format", "json")
    (rule,) = [rule for rule in json.loads(gated.out)["rules"] if rule["rule"]["kind"] == "complaints"]
    assert (rule["outcome"], rule["example_ids"], rule["reason"]["numbers"]["fixed"]) == ("FAIL", ["v2"], 1)
    assert call(*check, "--fixed", "v2").code == 0, "a person has looked"
    assert [each["outcome"] for each in json.loads(call(*check, "--format", "json").out)] == ["fixed", "fixed"]
    assert f"{finished.run.name}:full answers it wrongly" in call("feedback", "trail", "labels", "v2").out
    assert json.loads(call("feedback", "trail", "labels", "v1", "--format", "json").out)["fixed_by"] == ""
    harvested = call("feedback", "harvest", "labels", "--out", "rows.jsonl")
    assert (harvested.out, len((here / "rows.jsonl").read_text().splitlines())) == ("rows.jsonl\n", 1), "one input, one row"
    assert call(*check, "--broken", "v9").code == 2


def test_raters_decide_about_complaints(call: Call, here: Path) -> None:
    for number in range(2):
        texts = ("--value", f"input=text {number}", "--output", f"output {number}")
        assert call("feedback", "add", TASK, "--id", f"v{number}", "--verdict", "complaint", *texts).code == 0
    nothing = call("feedback", "import", TASK, "ratings.json")
    assert nothing.code == 2 and "no packet of complaints was exported" in nothing.err
    exported = call("feedback", "review", TASK, "--raters", "anna", "--format", "csv", "--out", "packets")
    (file,) = [here / line for line in exported.out.splitlines()]
    assert exported.err.endswith(": 2 complaints.\n") and file.suffix == ".csv"
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row["severity"] = "critical" if "output 0" in row.values() else "none"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    imported = call("feedback", "import", TASK, str(file))
    assert (imported.code, imported.out) == (0, "2 new ratings, 1 complaint confirmed, 1 dismissed.\n"), imported.err
    assert call("feedback", "import", TASK, str(file)).out == "0 new ratings, 0 complaints confirmed, 0 dismissed.\n"
    listed = json.loads(call("feedback", "list", TASK, "--format", "json").out)
    assert {each["id"]: each["state"] for each in listed} == {"v0": "confirmed", "v1": "dismissed"}
    (here / "broken.json").write_text("{")
    assert call("feedback", "import", TASK, "broken.json").code == 2
