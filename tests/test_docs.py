"""Every command of the documentation is run, on small samples of what it names."""

import csv
import json
import os
import re
import shlex
import shutil
import signal
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
GUIDES = ("README.md", *sorted(f"docs/{file.name}" for file in (ROOT / "docs").glob("*.md")))
REFERENCE = ("tasks/README.md", "strategies/README.md", "CONTRIBUTING.md")


def read(document):
    return (ROOT / document).read_text(encoding="utf-8")


def blocks(document, language):
    return re.findall(rf"^```{language}\n(.*?)^```", read(document), re.MULTILINE | re.DOTALL)


def inline(documents, pattern):
    """Code within sentences; capital letters are placeholders."""
    found = {code for document in documents for code in re.findall(rf"`({pattern}[^`…]*)`", read(document))}
    return sorted(code for code in found if not re.search(r"\b[A-Z]{3,}\b", code))


LINES = [line for document in GUIDES for block in blocks(document, "console") for line in block.splitlines() if line.strip()]
COMMANDS = list(dict.fromkeys(line.split("  #")[0].strip() for line in LINES))
INLINE = [command for command in inline(REFERENCE, "bench ") if command.split()[1] != "run"]

# "latest" is the run of visits.yaml for all that read a run: those that make one come later.
MAKING = ("bench score", "bench run")
READING = [command for command in dict.fromkeys([*COMMANDS, *INLINE]) if not command.startswith(MAKING)]
READING += [command for command in COMMANDS if command.startswith("bench score")]


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
    (folder / "grid.yaml").write_text(next(block for block in blocks("docs/running.md", "yaml") if "override:" in block), encoding="utf-8")
    for command in ("init visits.csv --out visits.yaml", "run --task visits.yaml --strategies lora --limit 8 --epochs 1"):
        ended = bench(*command.split(), here=folder)
        assert ended.code == 0, ended
    return folder


@pytest.mark.parametrize("command", READING)
def test_command(command, call, here):
    """As written."""
    if command.startswith("bench review import"):
        command = command.replace("ratings-*.json", rated(here))
    code, out, err = call(*shlex.split(command)[1:], *(["--force"] if command.startswith("bench init") else []))
    assert code in ((0, 1, 3) if command.startswith(("bench gate", "bench promote")) else (0,)), out + err
    assert out


@pytest.fixture
def call(here, monkeypatch, capsys):
    """A command in this process, which imports torch once for all of them."""
    from harness.cli.main import main

    for name in [name for name in os.environ if name.startswith("BENCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BENCH_CACHE_DIR", str(here / ".cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.chdir(here)
    terminate = signal.getsignal(signal.SIGTERM)

    def _call(*arguments):
        monkeypatch.setattr("sys.argv", ["bench", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    yield _call
    signal.signal(signal.SIGTERM, terminate)


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

    (workflow,) = (yaml.safe_load(block) for block in blocks("docs/gate.md", "yaml") if "runs-on" in block)
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
    (example,) = blocks("docs/gate.md", "sh")
    script = example.replace("bench ", f"{sys.executable} -m harness.cli.main ")
    done = subprocess.run(["bash", "-c", script], cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] in ("not enough test examples to decide", "rejected: the current model stays in service")


def test_the_python_examples(here):
    """The page as one script; what it prints begins with the summary."""
    script = here / "example.py"
    first, second = blocks("docs/python.md", "python")
    script.write_text(second + first.replace("limit=100", "limit=8, epochs=1"), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:5] == ["strategy", "value", "low", "high", "training_price"]


def test_the_example_of_a_plugin():
    """Its metric keeps the contract that plug-ins have."""
    from harness.metrics import check_family
    from harness.types import Example, Prediction

    (example,) = blocks("docs/plugins.md", "python")
    namespace = {}
    exec(example, namespace)
    (family,) = namespace["plugin"]().metrics
    examples = [Example(f"e{i}", {"input": "x"}, ("y",)) for i in range(3)]
    check_family(family, examples, [Prediction(e.id, text) for e, text in zip(examples, ("LOUD", "soft", ""), strict=True)])


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


def test_readme_is_short():
    assert len(read("README.md").split()) < 900


@pytest.mark.parametrize("document", [*GUIDES, *REFERENCE, "CHANGELOG.md"])
def test_links_and_targets_exist(document):
    text = read(document)
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (ROOT / document).parent.joinpath(link).exists(), link
    for target in re.findall(r"^    make (\w+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target


def test_every_guide_is_linked_from_the_readme():
    assert set(re.findall(r"\]\((docs/[^)]+)\)", read("README.md"))) == set(GUIDES) - {"README.md"}


def test_commands_and_options_in_sentences_exist():
    import click

    from harness.cli.main import cli

    def leaves(name, command):
        own = {name: {option for param in command.params for option in param.opts}}
        context = click.Context(command)
        names = command.list_commands(context) if isinstance(command, click.Group) else ()
        return own | {k: v for each in names for k, v in leaves(f"{name} {each}", command.get_command(context, each)).items()}

    known = leaves("bench", cli)
    every = {option for options in known.values() for option in options} | {"--help"}
    for code in inline((*GUIDES, *REFERENCE), "bench "):
        words = re.match(r"bench( [a-z][a-z-]*)*", code).group().split()
        name = next(" ".join(words[:n]) for n in range(len(words), 0, -1) if " ".join(words[:n]) in known)
        assert len(words) == 1 or len(name.split()) > 1, code
        assert set(re.findall(r"--[a-z-]+", code)) <= known[name] | {"--help"}, code
    for code in inline((*GUIDES, *REFERENCE), "--"):
        assert set(re.findall(r"--[a-z0-9-]+", code)) <= every | {"--no-deps"}, code
