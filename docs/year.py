"""A year in the life of a model, in 10 to 20 minutes on two cores: `python docs/year.py FOLDER`.

A front desk sorts the messages of patients: to the nurse, to the pharmacy (refills), or to appointments. The messages are those of the
synthetic clinic, and the model is the included one. On the 28th of each month, the script calls the commands that a user or a scheduler
would call. Twice the messages change: in March, half of them mention a drug that was recalled; in August, those of another hospital come
in. In June, a colleague has changed a learning rate in `lifecycle.yaml`. Which answers users accept in the A/B test is drawn at random;
everything else is computed.

The challenger of September is trained on all new messages, also on some that `bench retrain` tests on. These are left out when the
candidate of December, which has fixed the complaint of November, is compared with it.

It needs Linux and libfaketime (`apt-get install faketime`): the commands run on a clock that is moved, so that the registry has the
dates of 2026. FOLDER must be new or empty. Afterwards `FOLDER/site/index.html` shows the year.
"""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from harness import BenchError
from harness.api import assign_variants
from harness.data.clinic import generate_records

LIBRARIES = [Path(f"/usr/lib/{system}-linux-gnu/faketime/libfaketimeMT.so.1") for system in ("x86_64", "aarch64")]
LABELS = {"refill": "pharmacy", "appointment": "appointments", "urgent": "nurse"}
TRAINING, VALIDATION, TEST, A_MONTH = 160, 20, 120, 60
STRATEGY, LARGER, TOO_FAST = "lora:learning_rate=0.003", "lora:learning_rate=0.003,r=32", "lora:learning_rate=0.3"
ACCEPTED = {"champion": 0.62, "challenger": 0.82}  # shares of answers, in the A/B test
ABBREVIATIONS = {"I have": "pt w/", "I've": "pt has", "my name is": "pt:", "this is": "pt:", "My": "Pt's", "I'd": "pt wd"}
Row = dict[str, str]

TASK = """\
name: desk
kind: classification
description: Who has to read the message of a patient?
data: {path: {train: train.jsonl, validation: validation.jsonl, test: test.jsonl}, fields: {input: input, target: target, id: id}}
prompt: |
  {{ input }}

  Label:
labels: [appointments, nurse, pharmacy]
metrics: [classification]
primary: macro_f1
margin: 0.05
"""
LIFECYCLE = f"""\
version: 1
task: desk.yaml
when: {{drift: true, age_days: 90, new_rows: 200}}
data: {{new: new/*.jsonl, feedback: true, test_share: 0.3}}
run: {{strategies: ["{STRATEGY}"], epochs: 2}}
gate: {{policy: release.yaml}}
"""
POLICY = """\
rules:
  - {rule: not_worse, score: macro_f1, margin: 0.1}
complaints: {at_most_broken: 0}
"""


class Year:
    """The folder, the clock and the messages of the year."""

    def __init__(self, folder: Path, library: Path) -> None:
        self.folder = folder
        self._library = library
        self._now, self._moved = datetime(2026, 1, 28, 9, tzinfo=UTC), time.time()
        self._pool = _draw_messages()

    def go_to(self, month: int) -> None:
        """Move the clock to the 28th of a month."""
        self._now = datetime(2026, month, 28, 9, tzinfo=UTC)
        self._moved = time.time()

    def call(self, *arguments: str, expected: Iterable[int] = (0,)) -> str:
        """What a command of bench prints.

        Raises:
            BenchError: it ends with another exit code than those that are expected.
        """
        now = self._now.timestamp() + time.time() - self._moved
        clock = {
            "LD_PRELOAD": str(self._library),
            "FAKETIME": f"{now - time.time():+.0f}",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DISABLE_SHM": "1",  # a process that ends inside the lock that all share would stop the others
            "NO_FAKE_STAT": "1",
            "COLUMNS": "500",
        }
        command = [sys.executable, "-m", "harness.cli.main", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=os.environ | clock, capture_output=True, text=True, check=False)
        if done.returncode not in expected:
            raise BenchError(f"bench {' '.join(arguments)} ended with exit code {done.returncode}: {done.stderr}{done.stdout}")
        return done.stdout

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def write_rows(self, name: str, rows: Iterable[Row]) -> list[Row]:
        rows = list(rows)
        self.write(name, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        return rows

    def take(self, count: int) -> list[Row]:
        """The next messages."""
        return [self._pool.pop() for _ in range(count)]

    def receive(self, month: int) -> list[Row]:
        """The messages of a month, with their labels, in `new/`. They have come since the last month's 28th."""
        first = date(2026, month - 1, 28).toordinal() + 1
        days = date(2026, month, 28).toordinal() - first + 1
        change = {3: _mention_recall, 8: _write_as_another_hospital}.get(month)
        rows = []
        for number, row in enumerate(self.take(A_MONTH)):
            text = change(row["input"], number) if change else row["input"]
            rows.append({**row, "input": text, "date": date.fromordinal(first + number * days // A_MONTH).isoformat()})
        return self.write_rows(f"new/2026-{month:02}.jsonl", rows)

    def say(self, *sentences: str) -> None:
        print(f"{self._now:%B}".ljust(10), " ".join(sentences), sep=" ", flush=True)


def _draw_messages() -> list[Row]:
    """Messages without a second subject, in a random order."""
    records = (example for split, example in generate_records("classification", size=22_000, seed=2026) if split == "test")
    simple = (each for each in records if each.targets[0] in LABELS and not each.meta["hard"])
    rows = [{"id": f"m{number}", "input": each.inputs["input"], "target": LABELS[each.targets[0]]} for number, each in enumerate(simple)]
    random.Random(2026).shuffle(rows)
    return rows


def _mention_recall(text: str, number: int) -> str:
    return f"{text} I also take zorvatinib, which was recalled." if number % 2 else text


def _write_as_another_hospital(text: str, number: int) -> str:
    for words, short in ABBREVIATIONS.items():
        text = text.replace(words, short)
    return f"REF {number:03} STELLA MARIS // {text.lower()} // END OF MSG"


def _shorten(printed: str, details: int = 0) -> str:
    """The first line of what a command prints, and the first items of its list, without their intervals."""
    first, *others = printed.strip().splitlines()
    items = [line.strip().removeprefix("- ").split(" (95% CI")[0] for line in others if line.strip().startswith("- ")]
    return f"{first} {'; '.join(items[:details])}".strip()


def watch(year: Year, month: int) -> None:
    year.receive(month)
    printed = year.call("watch", "desk", "--data", f"new/2026-{month:02}.jsonl", expected=(0, 1, 3))
    year.say("watch:", _shorten(printed, details=2))


def retrain(year: Year) -> None:
    printed = year.call("retrain", "lifecycle.yaml", expected=(0, 1, 3))
    year.say("retrain:", _shorten(printed))


def begin(year: Year) -> None:
    """January: the first model."""
    for name, count in (("train", TRAINING), ("validation", VALIDATION), ("test", TEST)):
        year.write_rows(f"{name}.jsonl", year.take(count))
    for name, text in (("desk.yaml", TASK), ("lifecycle.yaml", LIFECYCLE), ("release.yaml", POLICY)):
        year.write(name, text)
    year.call("run", "--task", "desk.yaml", "--strategies", STRATEGY, "--epochs", "2", "--no-base")
    strategy = ("--strategy", STRATEGY)
    year.call("promote", "latest", *strategy, "--new-registry", "--force", "--reason", "the first model, tried by the desk")
    year.say("The first model is in service.")


def try_more_data(year: Year) -> None:
    """September: a larger adapter, which has learned from all messages so far, becomes the challenger."""
    seen = [line for file in sorted((year.folder / "new").iterdir()) for line in file.read_text(encoding="utf-8").splitlines()]
    year.write("all.jsonl", (year.folder / "train.jsonl").read_text(encoding="utf-8") + "".join(f"{line}\n" for line in seen))
    year.write("desk-all.yaml", TASK.replace("train: train.jsonl", "train: all.jsonl"))
    printed = year.call("run", "--task", "desk-all.yaml", "--strategies", LARGER, "--epochs", "1", "--no-base")
    run = printed.strip().splitlines()[-1].split("/")[-1]
    verdict = year.call("gate", run, "--strategy", LARGER, "--policy", "release.yaml", expected=(0, 3))
    year.call("registry", "stage", "desk", f"{run}:{LARGER}", "challenger", "--share", "0.5", "--reason", "more data")
    plan = ("--task", "desk", "--margin", "0.05", "--expected", "0.6", "--answers-per-day", "40", "--window-days", "1")
    year.call("ab", "plan", "desk-more", *plan)
    year.say("gate:", _shorten(verdict), "An A/B test begins.")


def decide_test(year: Year) -> None:
    """October: the events of the test are read, and the winner is promoted."""
    draw = random.Random(10)
    variants = list(assign_variants(year.folder / "desk-more.yaml", [f"user-{number}" for number in range(40 * 28)]))
    with (year.folder / "events.csv").open("w", newline="", encoding="utf-8") as file:
        events = csv.writer(file)
        events.writerow(["time", "unit", "variant", "accepted"])
        for number, (unit, variant) in enumerate(variants):
            at = datetime(2026, 9, 29, tzinfo=UTC) + timedelta(days=number / 40)
            events.writerow([at.isoformat(), unit, variant, int(draw.random() < ACCEPTED[variant])])
    printed = year.call("ab", "read", "desk-more.yaml", "events.csv", expected=(0, 1, 3))
    year.say("ab read:", *printed.strip().split("\n\n")[0].splitlines()[1:])  # below the title
    reason = ("--force", "--reason", "the A/B test desk-more has decided for it")
    run = max((year.folder / "runs").iterdir()).name
    year.call("promote", run, "--strategy", LARGER, "--policy", "release.yaml", *reason)
    year.say("The challenger is in service.")


def complain(year: Year) -> None:
    """November: a message went to the wrong desk; a person confirms the complaint."""
    rows = [json.loads(line) for line in (year.folder / "new" / "2026-11.jsonl").read_text(encoding="utf-8").splitlines()]
    answers = year.call("predict", "--champion", "desk", "--data", "new/2026-11.jsonl").splitlines()
    outputs = {answer["id"]: answer["output"].strip() for answer in map(json.loads, answers)}
    wrong = next((row for row in rows if outputs[row["id"]] != row["target"]), rows[0])
    details = ("--output", outputs[wrong["id"]], "--corrected", wrong["target"], "--reason", "went to the wrong desk")
    year.call("feedback", "add", "desk", "--id", wrong["id"], "--verdict", "complaint", "--value", f"input={wrong['input']}", *details)
    year.call("feedback", "confirm", "desk", wrong["id"], "--reason", "read by the head of the desk")
    year.say(f"A complaint about {wrong['id']} is confirmed: {outputs[wrong['id']]} instead of {wrong['target']}.")


def live_month(year: Year, month: int) -> None:
    """What happens in a month from February on, and what the commands make of it."""
    year.go_to(month)
    watch(year, month)
    if month == 6:
        year.write("lifecycle.yaml", LIFECYCLE.replace(STRATEGY, TOO_FAST))
        year.say("A colleague changes the learning rate in lifecycle.yaml.")
    if month == 7:
        year.write("lifecycle.yaml", LIFECYCLE)
        year.say("The learning rate is corrected.")
    retrain(year)
    events = {9: try_more_data, 10: decide_test, 11: complain}
    if month in events:
        events[month](year)


def live_through(year: Year) -> None:
    """All twelve months, and the site."""
    (year.folder / "new").mkdir(parents=True)
    year.go_to(1)
    begin(year)
    for month in range(2, 13):
        live_month(year, month)
    year.call("site", "site")
    year.say(f"The site is in {year.folder / 'site'}.")


def main() -> None:
    library = next((each for each in LIBRARIES if each.is_file()), None)
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/year.py FOLDER")
    folder = Path(sys.argv[1])
    if library is None:
        sys.exit(f"error: {LIBRARIES[0]} does not exist. The year needs libfaketime: apt-get install faketime")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        sys.exit(f"error: {folder} is not empty. Name a new folder")
    try:
        live_through(Year(folder, library))
    except BenchError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
