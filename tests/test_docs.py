"""Every command of the documentation is run, on small samples of what it names."""

import csv
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT, SHARED

DATA = SHARED / "data"
PUBLISHED = (
    "mts-dialog/MTS-Dialog-TrainingSet.csv",
    "mts-dialog/MTS-Dialog-ValidationSet.csv",
    "mts-dialog/MTS-Dialog-TestSet-1-MEDIQA-Chat-2023.csv",
    "banking77/train.csv",
    "banking77/test.csv",
    "xquad/xquad.en.json",
    "e2e-cleaned/devel-fixed.no-ol.csv",
)
DOCUMENTS = ("README.md", "tasks/README.md", "strategies/README.md", "CONTRIBUTING.md")


def blocks(document, language):
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


COMMANDS = [line.split("  #")[0].strip() for line in "".join(blocks("README.md", "console")).splitlines() if line.strip()]
INLINE = sorted(
    {
        command
        for document in DOCUMENTS
        for command in re.findall(r"`(bench [^`…]+)`", (ROOT / document).read_text(encoding="utf-8"))
        if "run" not in command.split()[1:2]
    }
)


@pytest.fixture(scope="module")
def here(tmp_path_factory, bench):
    """A user's folder with the files that the documents name, and one run in it."""
    folder = tmp_path_factory.mktemp("docs")
    rows = [
        (f"p{i}", f"Doctor: What hurts?\nPatient: My {w} number {i}, since {i} days.", f"{w} {i} days")
        for i, w in enumerate("abcdefghij" * 4)
    ]
    for name in ("visits.csv", "a.csv", "b.csv", "c.csv"):
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("patient_id", "dialogue", "note"), *((f"{name}{p}", f"{name} {d}", n) for p, d, n in rows)])
    with (folder / "intents.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "category"), *((f"text {i} about {i % 3}", f"kind {i % 3}") for i in range(60))])
    shutil.copy(ROOT / "tasks" / "summarization.yaml", folder / "my-task.yaml")
    (folder / "vendor.jsonl").write_text("\n".join(json.dumps({"output": note}) for _, _, note in rows), encoding="utf-8")
    for file in PUBLISHED if DATA.is_dir() else ():
        shutil.copy(DATA / file, folder)
    (folder / "grid.yaml").write_text(next(block for block in blocks("README.md", "yaml") if "override:" in block), encoding="utf-8")
    for command in ("init visits.csv --out visits.yaml", "run --task visits.yaml --strategies lora --limit 8 --epochs 1"):
        ended = bench(*command.split(), here=folder)
        assert ended.code == 0, ended
    return folder


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith("bench run")] + INLINE)
def test_command(command, bench, here):
    """As it stands; "latest" is the run of visits.yaml, since these come before those that run something."""
    if command.startswith("bench review import"):
        command = command.replace("ratings-*.json", rated(here))
    ended = bench(*shlex.split(command)[1:], *(["--force"] if command.startswith("bench init") else []), here=here)
    assert ended.code in ((0, 1, 3) if command.startswith(("bench gate", "bench promote")) else (0,)), ended
    assert ended.out


def rated(here):
    """What a rater would have sent back: all ties, and one corrected text."""
    (packet,) = here.glob("runs/*/review/*/packet.json")
    asked = json.loads(packet.read_text(encoding="utf-8"))
    own = [j["id"] for j in asked["items"] if j["rater"] == "rater-1"]
    ratings = [{"item": item, "answers": {"preference": "tie"}, "corrected": None} for item in own]
    ratings[0]["corrected"] = "as it should be"
    (here / "ratings-1.json").write_text(
        json.dumps({"bench_review": 1, "packet": asked["id"], "rater": "rater-1", "ratings": ratings}), encoding="utf-8"
    )
    return "ratings-1.json"


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("bench run")])
def test_run_command(command, bench, here):
    """As it stands, but on few rows and the shipped model, so that it takes seconds."""
    if not DATA.is_dir() and any(Path(file).name in command for file in PUBLISHED):
        pytest.skip("the published files are not here (../shared/data)")
    words = [("tiny" if word == "smollm2-135m" else word) for word in shlex.split(command)[1:]]
    ended = bench(*words, "--limit", "8", "--epochs", "1", here=here)
    assert ended.code == 0, ended
    assert (here / ended.out.strip() / "report.html").is_file()


def test_the_steps_of_the_workflow(bench, here):
    """Each step that runs something of ours, in order; a verdict is no error of the step."""
    import yaml

    (workflow,) = (yaml.safe_load(block) for block in blocks("README.md", "yaml") if "runs-on" in block)
    steps = [step["run"] for step in workflow["jobs"]["gate"]["steps"] if step.get("run", "").startswith("bench ")]
    assert len(steps) == 2
    run = bench(*shlex.split(steps[0])[1:], "--limit", "8", "--epochs", "1", here=here)
    assert run.code == 0, run
    summary = here / "summary.md"
    own = {name: str(here / "of-ci") for name in workflow["jobs"]["gate"]["env"]}
    gate = bench(*shlex.split(steps[1])[1:], here=here, env={"GITHUB_STEP_SUMMARY": str(summary), **own})
    assert gate.code in (0, 1, 3), gate
    assert (here / "of-ci" / "registry.sqlite").is_file(), "the look is on record where the workflow says"
    assert (here / "gate.xml").read_text(encoding="utf-8").startswith("<?xml") and summary.read_text(encoding="utf-8").startswith("## ")


def test_the_shell_example(here):
    (example,) = blocks("README.md", "sh")
    script = example.replace("bench ", f"{sys.executable} -m harness.cli.main ")
    done = subprocess.run(["bash", "-c", script], cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] in ("not enough evidence: more test rows", "it fails; the model in service stays")


def test_the_python_example(here):
    (example,) = blocks("README.md", "python")
    assert len(example.strip().splitlines()) <= 11
    script = here / "example.py"
    script.write_text(example.replace("limit=100", "limit=8, epochs=1"), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("base ")


def test_yaml_examples_name_every_field():
    """The fields of the models are all explained, and nothing is explained that does not exist."""
    import yaml

    from harness.types import DataSpec, SplitSpec, Strategy, Task, TrainSpec

    (task,) = (yaml.safe_load(b) for b in blocks("tasks/README.md", "yaml"))
    assert set(task) == set(Task.model_fields)
    assert set(task["data"]) | {"source", "size", "seed"} == set(DataSpec.model_fields)
    assert set(task["data"]["split"]) == set(SplitSpec.model_fields)
    (strategy,) = (yaml.safe_load(b) for b in blocks("strategies/README.md", "yaml"))
    assert set(strategy) == set(Strategy.model_fields)
    assert set(strategy["train"]) == set(TrainSpec.model_fields)


def test_the_readme_says_nothing_that_does_not_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / link).exists(), link
    for target in re.findall(r"^    make (\w+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target
