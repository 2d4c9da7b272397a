"""Commands that bench prints run: the examples of every help text, the next steps of every decision, and what these print in turn."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from decision_situations import SITUATIONS
from event_factory import made_experiment, make_events, write_events
from shell_lines import read_line
from test_printed_commands import help_examples

from harness.decision import decide
from harness.reporting.wording.decision.next_step_sentences import describe_step
from harness.review import read_row_page
from tests.cli.conftest import Call, Ended
from tests.conftest import Bench
from tests.interchange.inspect_files import log, write_archive
from tests.interchange.lm_eval_files import sums, write_evaluation

THE_RUN = "RUN_FOLDER"  # in commands, where a report names the run
RUN = "bench run --task visits.yaml --strategies lora,full,qlora --limit 12 --epochs 1"
SMALL = ("--limit", "12", "--epochs", "1", "--no-base")  # a command that trains takes seconds with them
PROMOTE = "bench promote latest --strategy lora --new-registry --force --reason trial"
COMPLAIN = 'bench feedback add visits --id v17 --verdict complaint --value dialogue="Patient: My chest hurts."'
COMPLAIN_AGAIN = COMPLAIN.replace("v17", "v18") + ' --output "Take 20 mg."'
CONFIRM = 'bench feedback confirm visits v17 --corrected "Take 10 mg of lisinopril."'
# Commands that must run before an example of a help text.
NEEDED = {
    "bench ab assign": ("bench ab plan visits-writer --margin 0.05 --expected 0.7 --answers-per-day 40 --units-per-day 8",),
    "bench ab read": ("bench ab plan visits-writer --margin 0.05 --expected 0.7 --answers-per-day 40 --units-per-day 8",),
    "bench data anonymize anonymized.csv --reverse": (
        "bench data anonymize notes.csv --out anonymized.csv --key secret.key --mapping mapping.enc",
    ),
    "bench data label to-label.html": ("bench data label latest --data new.jsonl --n 50 --out to-label.html",),
    "bench gate latest": ("bench gate --init --task visits.yaml --out gate.yaml",),
    "bench predict --champion": (PROMOTE,),
    "bench retrain": (PROMOTE,),
    "bench watch": (PROMOTE,),
    "bench feedback confirm": (PROMOTE, COMPLAIN),
    "bench feedback trail": (PROMOTE, COMPLAIN),
    "bench feedback review": (PROMOTE, COMPLAIN_AGAIN),
    "bench feedback harvest": (PROMOTE, COMPLAIN, CONFIRM),
    "bench feedback": (PROMOTE,),
    "bench record verify": ("bench record latest --out record.json --force",),
    "bench registry": (PROMOTE,),
    "bench shadow": (PROMOTE, "bench registry stage visits latest:full shadow"),
    "bench review import": ("bench review export latest --strategies base,lora --n 50 --raters 2",),
    "bench review status": ("bench review export latest --strategies base,lora --n 50 --raters 2",),
}
# What these wrote is not in a new registry.
IN_REGISTRY = (
    "bench promote",
    "bench registry stage",
    "bench feedback add",
    "bench feedback confirm",
)
# Exit codes of commands that judge; the others end with 0.
CODES = {
    "bench feedback check": (0, 1, 3),
    "bench gate latest": (0, 1, 3),
    "bench watch": (0, 1, 3),
    "bench data check": (0, 1),
    "bench record verify record.json --signer": (1,),
}
# Later: commands that change what "latest" is, and one that needs a run of the task summarization.
ORDER = (
    "bench import ",
    "bench run ",
    "bench score ",
    "bench plan --task summarization --data",
    "bench data enough visits",
    "bench data enough latest",
)


def place(command: str) -> int:
    """When a command runs, among those of its kind."""
    return next((i + 1 for i, start in enumerate(ORDER) if command.startswith(start)), 0)


SLOW = (  # other tests run such commands on small runs
    "bench audit latest",
    "bench audit latest --simulations 1000 --format json",
    "bench data enough latest --cost-per-label 1.50",
    "bench data enough visits.yaml --strategy lora --sizes 2000,5000",
    "bench data enough visits.yaml --strategy lora --background",
    "bench run --grid grid.yaml",
    "bench run --task qa --strategies full,lora --tune",
    "bench run --task summarization --strategies lora,qlora",
)
ENDLESS = "bench view --open"  # test_cli_view.py runs it
# Needs a PASS of a policy with approvals, which this small run does not get; test_cli_registry.py approves one.
APPROVAL = 'bench approve latest --strategy lora --as "Anna Roth" --key anna.pem --reason "read 20 summaries"'
# Needs a host; test_docs.py runs it with a stand-in.
SENDING = "bench judge latest --with judge.yaml --strategies base,lora --send-to api.example.com --max-cost 5"
EXAMPLES = sorted(set(help_examples()) - {ENDLESS, APPROVAL, SENDING}, key=lambda example: (place(example), example))


@pytest.fixture(scope="module")
def user_folder(tmp_path_factory: pytest.TempPathFactory, quick_bench: Bench) -> Path:
    """The files that the examples name, and a run of four strategies on visits.yaml."""
    folder = tmp_path_factory.mktemp("user")
    visits = [
        (f"p{i}", f"Doctor: What hurts?\nPatient: My {word}, since {i} days.", f"{word} {i} days") for i, word in enumerate("abcd" * 25)
    ]
    write_csv(folder / "visits.csv", [("patient_id", "dialogue", "note"), *visits])
    write_csv(folder / "notes.csv", [("patient_id", "note"), ("p1", "Dr. Mara Oduya, seen on March 14, 2024.")])
    write_csv(folder / "train.csv", [("dialogue", "note"), *(visit[1:] for visit in visits[:30])])
    write_csv(folder / "test.csv", [("dialogue", "note"), *(visit[1:] for visit in visits[30:])])
    tickets = openpyxl.Workbook()
    for row in [("text", "queue"), *((f"ticket {i} about {i % 3}", f"queue {i % 3}") for i in range(60))]:
        tickets.active.append(row)
    tickets.save(folder / "tickets.xlsx")
    (folder / "tasks").mkdir()
    questions = [
        {"id": str(i), "context": f"Take {i} mg of {word}.", "question": f"How much {word}?", "answers": [f"{i} mg"]}
        for i, word in enumerate("abc" * 10)
    ]
    write_jsonl(folder / "train.jsonl", questions)
    write_jsonl(folder / "test.jsonl", questions[:6])
    (folder / "test.json").write_text(json.dumps(questions[:6]), encoding="utf-8")
    write_jsonl(folder / "outputs.jsonl", [{"id": row["id"], "output": "3 mg"} for row in questions[:6]])
    new = {"dialogue": "Patient: My chest hurts.", "text": "Patient: My chest hurts."}
    write_csv(folder / "new.csv", [tuple(new), tuple(new.values())])
    write_jsonl(folder / "new.jsonl", [new])
    for name, right in {"small-model": range(20), "large-model": range(31)}.items():
        write_evaluation(folder / "results" / name, {"sums": sums(right)}, model=f"org/{name}")
        write_archive(folder / "logs", name, log(right, model=f"org/{name}"))
    write_events(folder / "events.csv", make_events(made_experiment(), 300, (0.4, 0.8)))
    (folder / "feedback.csv").write_text("id,verdict,user\nv1,accepted,a\nv2,complaint,b\n", encoding="utf-8")
    lifecycle = "{task: visits.yaml, when: {age_days: 30}, data: {new: new/*.csv}, run: {strategies: lora}}"
    (folder / "lifecycle.yaml").write_text(lifecycle, encoding="utf-8")
    judge = "{name: careful, kind: pairwise, criterion: 'Which is better?', api: {base_url: https://api.example.com/v1, model: big}}"
    (folder / "judge.yaml").write_text(judge, encoding="utf-8")
    (folder / "users.txt").write_text("user-1\nuser-2\n", encoding="utf-8")
    (folder / "grid.yaml").write_text("tasks: [classification]\nstrategies: [lora]\n", encoding="utf-8")
    for command in ("bench init visits.csv --out visits.yaml", RUN):
        ended = quick_bench(*read_line(command).arguments, here=folder)
        assert ended.code == 0, ended
    return folder


def write_csv(file: Path, rows: Sequence[tuple[str, ...]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows(rows)


def write_jsonl(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def run_line(user_folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch, ran: set[str], printed: set[str]) -> Callable[[str], Ended]:
    """Runs a command in the user's folder, and notes the commands that it prints."""

    def run(command: str) -> Ended:
        ran.add(command)
        made = min(user_folder.glob("runs/*-visits-*"))
        line = read_line(command.replace(THE_RUN, f"runs/{made.name}"))
        small = SMALL if line.arguments[0] == "run" and "--limit" not in line.arguments else ()
        again = ("--force",) if line.arguments[0] == "init" or line.arguments[:2] == ("ab", "plan") else ()
        if "--init" in line.arguments:  # a draft replaces no file
            (user_folder / line.arguments[-1]).unlink(missing_ok=True)
        if "--mapping" in line.arguments and "--reverse" not in line.arguments:  # no mapping is replaced
            (user_folder / "mapping.enc").unlink(missing_ok=True)
        if "--new-registry" in line.arguments:
            shutil.rmtree(user_folder / "registry", ignore_errors=True)
            ran.difference_update([each for each in ran - {command} if each.startswith(IN_REGISTRY)])
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(line.given(user_folder).encode())))
        ended = call(*line.expanded(user_folder), *small, *again)
        printed.update(command for command in find_commands(ended.out + ended.err) if command not in ran)
        if line.target:
            target = user_folder / Path(line.target.replace("~", "home"))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(ended.out, encoding="utf-8")
        if line.reader and shutil.which(shlex.split(line.reader)[0]):
            subprocess.run(["sh", "-c", line.reader], input=ended.out, text=True, check=True, capture_output=True)
        return ended

    monkeypatch.chdir(user_folder)
    monkeypatch.setattr("webbrowser.open", lambda address: True)
    return run


@pytest.fixture(scope="module")
def ran() -> set[str]:
    """The commands that have run in the user's folder."""
    return set()


@pytest.fixture(scope="module")
def printed() -> set[str]:
    """The commands that these have printed."""
    return set()


def find_commands(text: str) -> set[str]:
    """The commands in a command's output that can be typed as they are: with arguments, and with no value left to fill in."""
    found = re.findall(r"`(bench [^`\n]+)`|(?:^|: )(bench [a-z].*)$", text, re.MULTILINE)
    commands = {(quoted or line).strip() for quoted, line in found}
    return {each for each in commands if len(each.split()) > 2 and not re.search(r"\b[A-Z]{3,}\b|…", each)}


@pytest.mark.parametrize(
    "example", [pytest.param(example, id=example, marks=[pytest.mark.soak] if example in SLOW else []) for example in EXAMPLES]
)
def test_examples_of_the_help_run(example: str, run_line: Callable[[str], Ended], user_folder: Path, ran: set[str]) -> None:
    for earlier in next((commands for start, commands in NEEDED.items() if example.startswith(start)), ()):
        assert earlier in ran or run_line(earlier).code == 0
    if example.startswith("bench review import"):
        write_ratings(user_folder)
    if example.startswith("bench data label to-label.html"):
        write_answers(user_folder)
    ended = run_line(example)
    assert ended.code in next((codes for start, codes in CODES.items() if example.startswith(start)), (0,)), ended
    assert ended.out


def write_ratings(folder: Path) -> None:
    """Write the files that both raters send back."""
    (packet,) = folder.glob("runs/*/review/*/packet.json")
    content = json.loads(packet.read_text(encoding="utf-8"))
    for rater in ("rater-1", "rater-2"):
        items = [item["id"] for item in content["items"] if item["rater"] == rater]
        ratings = [{"item": item, "answers": {"preference": "tie"}, "corrected": None} for item in items]
        returned = {"bench_review": 1, "packet": content["id"], "rater": rater, "ratings": ratings}
        (folder / f"ratings-{rater}.json").write_text(json.dumps(returned), encoding="utf-8")


def write_answers(folder: Path) -> None:
    """Write the file that the page of rows to label saves."""
    page = read_row_page(folder / "to-label.html")
    answers = {"bench_labels": 1, "page": page.digest, "answers": [{"row": 1, "label": "Chest pain"}]}
    (folder / "to-label.answers.json").write_text(json.dumps(answers), encoding="utf-8")


def steps_of_all_decisions() -> list[str]:
    """The commands of the next steps in every situation, for the run of visits.yaml; those that train come last."""
    command = RUN.replace("lora,full,qlora", "lora")
    steps = set()
    for situation in SITUATIONS:
        decision = decide(replace(situation.evidence, task="visits", task_argument="visits.yaml"))
        steps |= {describe_step(step, THE_RUN, command).code for step in decision.next_steps}
    return sorted((step for step in steps if step.startswith("bench ")), key=lambda step: (place(step), step))


STEPS = steps_of_all_decisions()


def test_decisions_lead_to_commands() -> None:
    """Otherwise the test below would pass with none."""
    kinds = ("promote", f"gate {THE_RUN}", "gate --init", "review export", "plan --task", "run --task")
    assert all(any(step.startswith(f"bench {kind}") for step in STEPS) for kind in kinds)


@pytest.mark.parametrize(
    "step", [pytest.param(step, id=step, marks=[pytest.mark.soak] if "--seeds" in step or "--canaries" in step else []) for step in STEPS]
)
def test_next_steps_of_decisions_run(step: str, run_line: Callable[[str], Ended]) -> None:
    """A gate may refuse. Its baseline is the model in service, and a promotion reads the policy that the step before it drafts."""
    judges = step.startswith((f"bench gate {THE_RUN}", "bench promote"))
    if judges:
        assert run_line(NEEDED["bench predict --champion"][0].replace("latest", THE_RUN)).code == 0
        assert run_line("bench gate --init --task visits.yaml --out policy.yaml").code == 0
    if "--canaries" in step:  # needs more training examples than the run has
        step = step.replace("--limit 12", "--limit 80")
    ended = run_line(step)
    assert ended.code in ((0, 1, 3) if judges else (0,)), ended


def test_commands_in_outputs_run(run_line: Callable[[str], Ended], ran: set[str], printed: set[str]) -> None:
    """What the commands above printed, and what these print in turn."""
    assert "bench run --task visits.yaml --strategies lora" in printed
    while printed - ran:
        command = min(printed - ran)
        ended = run_line(command)
        assert ended.code in (0, 1, 3), (command, ended)
