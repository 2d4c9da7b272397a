"""A command that is killed at any change of a file leaves nothing that stops it: repeated, it completes as if it had never been killed."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kills import Killed, call_and_kill
from model_server import ModelServer, chat
from report_factory import Made, make_run, summarization

from harness.cli.main import main
from harness.judging import load_judges
from harness.store import RunFolder, StoredRun

State = dict[str, object]
FORCE = ("--policy", "gate.yaml", "--force", "--reason", "approved", "--new-registry")


@pytest.fixture(scope="module")
def host() -> Iterator[ModelServer]:
    """A host whose verdict depends on the question alone."""
    with ModelServer(chat(lambda body: json.dumps({"reason": "r", "verdict": 1 + len(body["messages"][0]["content"]) % 5}))) as server:
        yield server


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, host: ModelServer) -> Path:
    """A run, a policy, external outputs, a judge, and a packet with ratings that are not imported yet."""
    here = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:  # the run is one of the machine that the commands run on
        patch.setattr("harness.cache._Choice.folder", here / ".cache")
        make_run(here / "runs" / "done", [summarization([Made("base", 0.3), Made("lora", 0.9, 1, train_seconds=9)], rows=40)])
    (here / "gate.yaml").write_text("rules:\n  - {rule: floor, score: rougeL, value: 0.1}\n")
    (here / "facts.yaml").write_text(
        "name: facts\nkind: summarization\ndata: {path: {train: train.csv, test: facts.csv}, fields: {input: text, target: summary}}\n"
    )
    (here / "train.csv").write_text("id,text,summary\n" + "".join(f"{i},note {i},sum {i}\n" for i in range(50, 60)))
    (here / "facts.csv").write_text("id,text,summary\n" + "".join(f"{i},text number {i},summary {i}\n" for i in range(12)))
    (here / "outputs.jsonl").write_text("".join(json.dumps({"id": str(i), "output": f"summary {i}"}) + "\n" for i in range(12)))
    api = {"base_url": f"{host.address}/v1", "model": "big", "cache": False}
    (here / "judge.yaml").write_text(json.dumps({"name": "careful", "kind": "rubric", "criterion": "Is it complete?", "api": api}))
    assert bench(here, "review", "export", "runs/done", "--strategies", "base,lora", "--n", "6").code == 0
    (packet,) = [json.loads(file.read_text()) for file in (here / "runs").glob("done/review/*/packet.json")]
    ratings = [{"item": item["id"], "answers": {"preference": "A"}, "corrected": None} for item in packet["items"]]
    page = {"bench_review": 1, "packet": packet["id"], "rater": packet["raters"][0], "ratings": ratings}
    (here / "ratings.json").write_text(json.dumps(page))
    return here


def bench(here: Path, *arguments: str, moment: int = 0, after: float = 0.0) -> Killed:
    return call_and_kill(main, arguments, here, moment, after)


def answer(here: Path, *arguments: str) -> str:
    ended = bench(here, *arguments)
    assert ended.code == 0, ended.output
    return ended.output


def _ratings(here: Path) -> object:
    status = json.loads(answer(here, "review", "status", "runs/done", "--format", "json"))
    return [(packet["raters"], packet["preferences"]) for packet in status["packets"]]


def _packets(here: Path) -> object:
    status = json.loads(answer(here, "review", "status", "runs/done", "--format", "json"))
    return sorted({len(packet["raters"]) for packet in status["packets"]})


def _registry(here: Path) -> object:
    answer(here, "registry", "verify")
    assert len(answer(here, "registry").splitlines()) >= 1
    return sorted({line.split("  ")[2] for line in answer(here, "registry", "history", "summarization").splitlines()})


def _report(here: Path) -> object:
    return (here / "runs" / "done" / "report.html").read_text(encoding="utf-8")


def _verdicts(here: Path) -> object:
    answer(here, "verify", "runs/done")
    (record,) = load_judges(StoredRun(RunFolder(here / "runs" / "done")), "summarization")
    page = (here / "runs" / "done" / "report.html").read_text(encoding="utf-8")
    return [(each.key, each.verdict) for each in record.judgements], page.count("Judge careful is not checked")


def _scores(here: Path) -> object:
    run = StoredRun(RunFolder(max((here / "scored").iterdir(), key=lambda run: run.name)))
    assert (run.path / "report.html").is_file()
    return [run.predictions(cell.id) for cell in run.cells]


COMMANDS: dict[str, tuple[tuple[str, ...], Callable[[Path], object]]] = {
    "review import": (("review", "import", "runs/done", "ratings.json"), _ratings),
    "review export": (("review", "export", "runs/done", "--strategies", "base,lora", "--n", "8", "--format", "html,xlsx,csv"), _packets),
    "judge": (("judge", "runs/done", "--with", "judge.yaml", "--strategies", "lora", "--send-to", "127.0.0.1"), _verdicts),
    "promote": (("promote", "runs/done", "--strategy", "base", *FORCE), _registry),
    "gate": (("gate", "runs/done", "--strategy", "lora", "--baseline", "runs/done:base", "--new-registry"), lambda here: None),
    "report": (("report", "runs/done"), _report),
    "score": (("score", "--task", "facts.yaml", "--predictions", "outputs.jsonl", "--runs-dir", "scored"), _scores),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kills", [pytest.param(1, id="once"), pytest.param(60, id="many", marks=pytest.mark.soak)])
def test_killed_command_completes_when_it_is_repeated(template: Path, tmp_path: Path, command: str, kills: int) -> None:
    arguments, get_state = COMMANDS[command]
    undisturbed = copy(template, tmp_path / "undisturbed", command)
    ended = bench(undisturbed, *arguments)
    assert ended.code == 0, ended.output
    expected, files = get_state(undisturbed), list_files(undisturbed)
    draw, changes, killed = random.Random(command), ended.changes, 0
    for number in range(kills):
        here = copy(template, tmp_path / f"kill-{number}", command)
        moment, after = draw.randint(1, changes), draw.choice([0.0, 0.0005, 0.005]) if number else 0.0
        first = bench(here, *arguments, moment=moment, after=after)
        if first.completed:  # the signal came too late
            continue
        killed += 1
        again = bench(here, *arguments)
        if command == "promote" and "there already is a registry here" in again.output:  # the model is in it
            again = bench(here, *(argument for argument in arguments if argument != "--new-registry"))
        where = f"killed {after} s after change {moment} of {changes}"
        assert again.code == 0, f"{where}: {again.output}"
        assert get_state(here) == expected, where
        assert list_files(here) <= files, f"{where}: files are left"
        shutil.rmtree(here)
    assert killed
    print(f"{command}: {killed} kills at {changes} changes")


def copy(template: Path, folder: Path, command: str) -> Path:
    """The template; a run that is judged has a page, which is written again once the verdicts are stored."""
    shutil.copytree(template, folder)
    if command == "judge":
        (folder / "runs" / "done" / "report.html").touch()
    return folder


def list_files(here: Path) -> set[str]:
    """The suffixes of all files, by which temporary files stand out; their names hold random ids and times.

    A killed process leaves its name beside the lock that it held. The next one that takes the lock replaces it.
    """
    names = {file.name if file.name.startswith(".") else file.suffix for file in here.rglob("*") if file.is_file()}
    return names - {".lock-holder"}
