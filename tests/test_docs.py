"""Every command of the documentation runs, on small samples of the data that it names."""

import ast
import csv
import io
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from documentation import GUIDES, REFERENCE, blocks, inline_code
from event_factory import made_experiment, make_events, write_events
from in_process import cells_in_process
from model_server import ModelServer, chat
from places import ROOT, SHARED
from shell_lines import read_line

from tests.interchange.inspect_files import log, write_archive
from tests.interchange.lm_eval_files import sums, write_evaluation

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

LINES = [line for document in GUIDES for block in blocks(document, "console") for line in block.splitlines() if line.strip()]
COMMANDS = list(dict.fromkeys(line.split("  #")[0].strip() for line in LINES))
# Sentences name these commands without the arguments that they need.
MENTIONED = ("bench run", "bench init", "bench plan", "bench review export", "bench review harvest")
INLINE = [command for command in inline_code(REFERENCE, "bench ") if not command.startswith(MENTIONED)]

# Commands that write a run come last, so that "latest" is the run of visits.yaml for the others.
WRITING = ("bench score", "bench data enough", "bench import", "bench run ")
READING = [command for command in dict.fromkeys([*COMMANDS, *INLINE]) if not command.startswith(WRITING)]
READING += [command for command in COMMANDS if command.startswith(WRITING[:3])]


@pytest.fixture(scope="module")
def user_folder(tmp_path_factory, quick_bench):
    """A folder with the files that the documents name, and a run of visits.yaml."""
    folder = tmp_path_factory.mktemp("docs")
    with ModelServer(chat("A note.")) as host:
        yield _fill(folder, host, quick_bench)


def _fill(folder, host, quick_bench):
    """Write the files, and make the run.

    Args:
        host: stands for api.example.com.
    """
    for guide, name in (("docs/hosted.md", "incumbent.yaml"), ("docs/judges.md", "judge.yaml")):
        (hosted,) = blocks(guide, "yaml")
        assert "https://api.example.com/v1" in hosted and "EXAMPLE_KEY" in hosted
        hosted = hosted.replace("https://api.example.com", host.address).replace("  api_key_env: EXAMPLE_KEY", "  #")
        (folder / name).write_text(hosted, encoding="utf-8")
    rows = [
        (f"p{i}", f"Doctor: What hurts?\nPatient: My {w} number {i}, since {i} days.", f"{w} {i} days")
        for i, w in enumerate("abcdefghij" * 4)
    ]
    for name in ("visits.csv", "a.csv", "b.csv", "c.csv"):
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("patient_id", "dialogue", "note"), *((f"{name}{p}", f"{name} {d}", n) for p, d, n in rows)])
    with (folder / "intents.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "category"), *((f"text {i} about {i % 3}", f"kind {i % 3}") for i in range(60))])
    (folder / "notes.csv").write_text('patient_id,note\np1,"Dr. Mara Oduya, seen on March 14, 2024."\n', encoding="utf-8")
    shutil.copy(ROOT / "tasks" / "summarization.yaml", folder / "my-task.yaml")
    shutil.copy(ROOT / "strategies" / "lora.yaml", folder / "my-strategy.yaml")
    (folder / "vendor.jsonl").write_text("\n".join(json.dumps({"output": note}) for _, _, note in rows), encoding="utf-8")
    (folder / "new.jsonl").write_text("".join(json.dumps({"dialogue": dialogue}) + "\n" for _, dialogue, _ in rows[:3]), encoding="utf-8")
    chats = ([{"role": "user", "content": dialogue}, {"role": "assistant", "content": note}] for _, dialogue, note in rows)
    (folder / "chats.jsonl").write_text("".join(json.dumps({"messages": chat}) + "\n" for chat in chats), encoding="utf-8")
    for name in ("train.csv", "test.csv"):  # without the published ones
        shutil.copy(folder / "intents.csv", folder / name)
    for file in PUBLISHED if DATA.is_dir() else ():
        shutil.copy(DATA / file, folder)
    write_evaluation(folder / "results" / "small-model", {"sums": sums(range(20))})
    write_evaluation(folder / "results" / "tuned", {"sums": sums(range(31))}, model="org/tuned")
    for name, right in (("small-model", 20), ("tuned", 31)):
        write_archive(folder / "logs", name, log(range(right), model=f"org/{name}"))
    tickets = {"train": range(20), "validation": range(20, 40), "test": range(40, 60)}
    for name, numbers in tickets.items():
        rows_of_split = "".join(f"t{i},ticket {i},team {i % 3}\n" for i in numbers)
        (folder / f"tickets-{name}.csv").write_text(f"id,text,team\n{rows_of_split}", encoding="utf-8")
    (folder / "hosted.jsonl").write_text("".join(json.dumps({"id": f"t{i}", "output": f"team {i % 3}"}) + "\n" for i in range(20, 60)))
    data = {"path": {name: f"tickets-{name}.csv" for name in tickets}, "fields": {"input": "text", "target": "team", "id": "id"}}
    task = {"name": "tickets", "kind": "classification", "data": data}
    (folder / "tickets.yaml").write_text(json.dumps(task), encoding="utf-8")
    write_events(folder / "events.csv", make_events(made_experiment(), 300, (0.4, 0.8)))
    (folder / "feedback.csv").write_text("id,verdict,user,date\nv1,accepted,a,2026-03-01\nv2,complaint,b,2026-03-02\n", encoding="utf-8")
    (folder / "grid.yaml").write_text(next(block for block in blocks("docs/running.md", "yaml") if "override:" in block), encoding="utf-8")
    lifecycle = next(block for block in blocks("docs/lifecycle.md", "yaml") if "age_days:" in block)
    (folder / "lifecycle.yaml").write_text(lifecycle, encoding="utf-8")
    for command in ("init visits.csv --out visits.yaml", "run --task visits.yaml --strategies lora --limit 8 --epochs 1"):
        ended = quick_bench(*command.split(), here=folder)
        assert ended.code == 0, ended
    (trained,) = (folder / "runs").glob("*/cells/*/artifact")
    shutil.copytree(trained, folder / "vendor")
    return folder


@pytest.fixture(scope="module")
def commands_done():
    """The commands that have run in the user's folder."""
    return set()


def list_promotions_before(command):
    """The promotions that a page shows before a command that needs them."""
    if (
        not command.startswith(("bench rollback", "bench registry", "bench shadow", "bench watch", "bench feedback", "bench retrain"))
        and "--champion" not in command
    ):
        return []
    pages = [[line.split("  #")[0].strip() for block in blocks(name, "console") for line in block.splitlines()] for name in GUIDES]
    before = next((page[: page.index(command)] for page in pages if command in page), [])
    return [
        earlier
        for earlier in before
        if earlier.startswith(("bench promote", "bench gate --init", "bench registry stage")) or "--new-registry" in earlier
    ]


@pytest.mark.parametrize("command", READING)
def test_command_runs_as_written(command, call_bench, user_folder, commands_done):
    for earlier in list_promotions_before(command):
        if earlier not in commands_done:
            run_as_written(earlier, call_bench, user_folder)
            commands_done.add(earlier)
    run_as_written(command, call_bench, user_folder)
    commands_done.add(command)


def run_as_written(command, call_bench, user_folder):
    """Run a command, also one with `echo TEXT |`, `< FILE` or `> FILE`."""
    if "--new-registry" in command:  # each page starts one
        shutil.rmtree(user_folder / "registry", ignore_errors=True)
    if command.startswith("bench review import"):
        command = command.replace("ratings-*.json", " ".join(write_ratings(user_folder)))
    line = read_line(command.replace("--send-to api.example.com", "--send-to 127.0.0.1"))
    code, out, err = call_bench(
        *line.arguments, *(["--force"] if command.startswith(("bench init", "bench ab plan")) else []), given=line.given(user_folder)
    )
    gates, finds = (
        command.startswith(("bench gate", "bench promote", "bench watch", "bench feedback check")),
        command.startswith("bench data check"),
    )
    assert code in ((0, 1, 3) if gates else (0, 1) if finds else (0,)), out + err
    assert out
    if line.target:
        (user_folder / line.target).write_text(out, encoding="utf-8")


@pytest.fixture
def call_bench(user_folder, known_trials, monkeypatch, capsys):
    """Call a command in this process, with its cells: torch is imported once for all. Returns exit code, output and errors."""
    from harness.cli.main import main
    from harness.forecast.trials import trial_cache

    for name in [name for name in os.environ if name.startswith("BENCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BENCH_CACHE_DIR", str(user_folder / ".cache"))
    monkeypatch.setattr(trial_cache, "trial_file", lambda: known_trials)
    monkeypatch.setenv("BENCH_SERVING_SECONDS", "0")
    monkeypatch.setattr("harness.cache._Choice.folder", None)  # the command chooses a folder; this one comes back after the test
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.chdir(user_folder)
    terminate = signal.getsignal(signal.SIGTERM)

    def _call_bench(*arguments, given=""):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8"))
        monkeypatch.setattr("sys.argv", ["bench", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    with cells_in_process():
        yield _call_bench
    signal.signal(signal.SIGTERM, terminate)


def write_ratings(user_folder):
    """Write the files that raters would send back: they always choose the left output, which is another one for each, and one corrects a
    text. Returns their names."""
    packet = min(user_folder.glob("runs/*/review/*/packet.json"), key=lambda file: file.stat().st_mtime)
    content = json.loads(packet.read_text(encoding="utf-8"))
    names = []
    for rater in content["raters"]:
        items = [item["id"] for item in content["items"] if item["rater"] == rater]
        ratings = [{"item": item, "answers": {"preference": "A"}, "corrected": None} for item in items]
        ratings[0]["corrected"] = "as it should be"
        names.append(f"ratings-{rater}.json")
        (user_folder / names[-1]).write_text(
            json.dumps({"bench_review": 1, "packet": content["id"], "rater": rater, "ratings": ratings}), encoding="utf-8"
        )
    return names


RUNS = [command for command in COMMANDS if command.startswith("bench run ")]
ON_PUBLISHED = [command for command in RUNS if any(Path(file).name in command for file in PUBLISHED)]


SLOW = [*ON_PUBLISHED[1:], *(command for command in RUNS if "--race" in command)]  # a race trains on five times as many examples


@pytest.mark.parametrize("command", [pytest.param(c, marks=pytest.mark.soak) if c in SLOW else c for c in RUNS])
def test_run_command_runs_on_a_sample(command, quick_bench, user_folder):
    """With few examples (`fewshot` takes five) and the included model, so that it takes seconds. Those on published data, but one, and a
    race are soak tests."""
    if not DATA.is_dir() and command in ON_PUBLISHED:
        pytest.skip("the published files are missing (../shared/data)")
    for tracker in command.partition("--track ")[2].split()[:1]:
        pytest.importorskip(tracker)
    there = {"smollm2-135m": "tiny", "api.example.com": "127.0.0.1"}
    words = [there.get(word, word) for word in shlex.split(command)[1:]]
    fewer = ["--tune", "1"] if "--tune" in words else ["--limit", "40"] if "--race" in words else []  # a race needs 30 examples
    ended = quick_bench(*words, "--limit", "5", "--epochs", "1", *fewer, here=user_folder)
    assert ended.code == 0, ended
    if "--dry-run" in words:
        return
    assert (user_folder / ended.out.strip() / "report.html").is_file()


def test_workflow_steps_run(quick_bench, user_folder):
    """The steps that call bench run in order. Any verdict is fine."""
    import yaml

    (workflow,) = (yaml.safe_load(block) for block in blocks("docs/gate.md", "yaml") if "runs-on" in block)
    steps = [step["run"] for step in workflow["jobs"]["gate"]["steps"] if step.get("run", "").startswith("bench ")]
    assert len(steps) == 2
    run = quick_bench(*shlex.split(steps[0])[1:], "--limit", "8", "--epochs", "1", here=user_folder)
    assert run.code == 0, run
    summary = user_folder / "summary.md"
    env = {name: str(user_folder / "of-ci") for name in workflow["jobs"]["gate"]["env"]}
    first = ("promote", "latest", "--strategy", "base", "--force", "--reason", "in service", "--new-registry")
    assert quick_bench(*first, here=user_folder, env=env).code == 0
    gate = quick_bench(*shlex.split(steps[1])[1:], here=user_folder, env={"GITHUB_STEP_SUMMARY": str(summary), **env})
    assert gate.code in (0, 1, 3), gate
    assert (user_folder / "of-ci" / "registry.sqlite").is_file(), "the evaluation is recorded in the registry that the workflow names"
    assert (user_folder / "gate.xml").read_text(encoding="utf-8").startswith("<?xml")
    assert summary.read_text(encoding="utf-8").startswith("## ")


def test_shell_example_runs(user_folder):
    (example,) = blocks("docs/gate.md", "sh")
    script = example.replace("bench ", f"{sys.executable} -m harness.cli.main ")
    done = subprocess.run(["bash", "-c", script], cwd=user_folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] in ("not enough test examples to decide", "rejected: the current model stays in service")


def test_python_examples_run(user_folder):
    """All examples of the page run as one script."""
    script = user_folder / "example.py"
    first, second = blocks("docs/python.md", "python")
    script.write_text(second + first.replace("limit=100", "limit=8, epochs=1, serving_seconds=0"), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], cwd=user_folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:5] == ["strategy", "value", "low", "high", "training_price"]


def test_python_example_uses_the_champion(call_bench, user_folder, capsys):
    _, example = blocks("docs/using-models.md", "python")
    promote_first_run(call_bench, user_folder)
    exec(example, {"__name__": "__main__"})
    printed = capsys.readouterr()
    assert printed.out.strip()
    assert [row["dialogue"] for row in map(ast.literal_eval, printed.err.splitlines()[-2:])] == [
        f"visits.csv Doctor: What hurts?\nPatient: My {word} number {i}, since {i} days." for i, word in enumerate("ab")
    ]


def promote_first_run(call_bench, user_folder):
    """Put lora of the fixture's run into service, in a new registry."""
    shutil.rmtree(user_folder / "registry", ignore_errors=True)
    first = min((user_folder / "runs").iterdir())
    assert call_bench("promote", str(first), "--strategy", "lora", "--new-registry", "--force", "--reason", "a trial")[0] == 0


def test_mlflow_example_uses_the_mirrored_champion(call_bench, user_folder, capsys, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # creating the tables of a database takes seconds
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (user_folder / "mlflow").as_uri())
    mlflow.set_tracking_uri(None)
    promote_first_run(call_bench, user_folder)
    assert call_bench("registry", "mirror", "visits")[0] == 0
    example, _ = blocks("docs/using-models.md", "python")
    exec(example, {"__name__": "__main__"})
    assert capsys.readouterr().out


def test_plugin_example_keeps_the_contract():
    from harness.metrics import check_family
    from harness.types import Example, Prediction

    (example,) = blocks("docs/plugins.md", "python")
    namespace = {}
    exec(example, namespace)
    (family,) = namespace["plugin"]().metrics
    examples = [Example(f"e{i}", {"input": "x"}, ("y",)) for i in range(3)]
    check_family(family, examples, [Prediction(e.id, text) for e, text in zip(examples, ("Thanks, all.", "no", ""), strict=True)])
