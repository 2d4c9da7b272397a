"""What a shell asks with _BENCH_COMPLETE, as click documents it, and what it gets; the look-ups stay light."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.shell_completion import CompletionItem

from harness.cli.commands.completion import cell_names, model_names, run_names, strategy_names, task_names
from harness.store import RunFolder
from tests.foreign import write_sealed_json

Call = Callable[..., Any]
LookUp = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

HEAVY = {"torch", "transformers", "peft", "accelerate", "bitsandbytes", "datasets", "pandas", "pyarrow", "sklearn", "scipy", "numpy"}


def asked(bench: Call, here: Path, *words: str) -> list[str]:
    """The completions for bash when the cursor is at the end of the last word."""
    env = {"_BENCH_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(["bench", *words]), "COMP_CWORD": str(len(words))}
    ended = bench(here=here, env=env)
    assert (ended.code, ended.err) == (0, ""), ended
    return [line.removeprefix("plain,") for line in ended.out.splitlines() if line]


def looked_up(look_up: LookUp, incomplete: str, **options: Any) -> list[str]:
    """The names that a look-up returns; `<files>` where it leaves the word to the shell."""
    context = click.Context(click.Command("run"))
    context.params.update(options)
    items = look_up(context, click.Option(["--x"]), incomplete)
    return ["<files>" if item.type == "file" else item.value for item in items]


def test_names_of_commands(bench: Call, tmp_path: Path) -> None:
    assert asked(bench, tmp_path, "do") == ["doctor"]
    assert {"run", "report", "tasks", "strategies", "models", "init", "doctor", "completion"} <= set(asked(bench, tmp_path, ""))


def test_options_and_choices_of_a_command(bench: Call, tmp_path: Path) -> None:
    assert asked(bench, tmp_path, "doctor", "--mo") == ["--model"]
    assert asked(bench, tmp_path, "completion", "") == ["bash", "zsh", "fish"]
    assert asked(bench, tmp_path, "doctor", "--format", "j") == ["json"]


def test_model_names_are_completed(bench: Call, tmp_path: Path) -> None:
    assert asked(bench, tmp_path, "doctor", "--model", "ti") == ["tiny"]


def test_commands_are_completed_without_importing_them(tmp_path: Path) -> None:
    """Names are looked up without importing slow libraries."""
    code = (
        "import sys, click\n"
        "import harness.cli.main as main\n"
        "from click.shell_completion import ShellComplete\n"
        "ShellComplete(main.cli, {}, 'bench', '_BENCH_COMPLETE').get_completions([], '')\n"
        "print(*(m for m in sys.modules if m.startswith('harness.cli.')))\n"
        "import harness.cli.commands.completion as c\n"
        "context, option = click.Context(click.Command('run')), click.Option(['--x'])\n"
        "lookups = [c.task_names, c.strategy_names, c.model_names, c.run_names]\n"
        "assert all(look(context, option, '') for look in lookups)\n"
        "assert c.cell_names(context, click.Option(['--strategy']), '') == []\n"
        "print(*{m.split('.')[0] for m in sys.modules})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    commands, modules = done.stdout.splitlines()
    assert set(commands.split()) == {f"harness.cli.{name}" for name in ("boundary", "help_formatter", "lazy_group", "main", "wording")}
    assert {"click", "harness"} <= set(modules.split())
    assert HEAVY.isdisjoint(modules.split())


@pytest.mark.parametrize(("shell", "mark"), [("bash", "complete -o nosort -F"), ("zsh", "#compdef bench"), ("fish", "complete --no-files")])
def test_only_the_script_is_printed(call: Call, shell: str, mark: str) -> None:
    ended = call("completion", shell)
    assert ended.code == 0
    assert mark in ended.out
    assert f"_BENCH_COMPLETE={shell}_complete" in ended.out
    assert call("completion", "tcsh").code == 2


def test_bash_accepts_the_script(bench: Call, tmp_path: Path) -> None:
    script = bench("completion", "bash", here=tmp_path).out
    done = subprocess.run(["bash", "-c", f"{script}\ncomplete -p bench"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_bench_completion bench" in done.stdout


def test_names_of_tasks_and_strategies(here: Path) -> None:
    for folder, name in (("tasks", "here"), ("more", "given"), ("strategies", "loris")):
        (here / folder).mkdir()
        (here / folder / f"{name}.yaml").write_text("no: task at all")
    (here / "tasks" / "two\nlines.yaml").write_text("")
    assert {"classification", "summarization", "here"} <= set(looked_up(task_names, ""))
    assert looked_up(task_names, "giv", tasks_dir=("more",)) == ["given"]
    assert not any("\n" in name for name in looked_up(task_names, ""))
    assert looked_up(strategy_names, "lor") == ["lora", "loris"]


def test_names_after_a_comma_are_completed(here: Path) -> None:
    assert looked_up(strategy_names, "full,qlo") == ["full,qlora"]
    assert looked_up(strategy_names, "full,none") == []


def test_paths_are_left_to_the_shell(here: Path) -> None:
    assert looked_up(task_names, "./my") == ["<files>"]
    assert looked_up(model_names, "../models/") == ["<files>"]


def test_names_of_models(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(here / "hub"))
    assert looked_up(model_names, "")[0] == "tiny"
    (here / "hub" / "models--org--some--name").mkdir(parents=True)
    (here / "hub" / "datasets--org--rows").mkdir()
    assert looked_up(model_names, "org") == ["org/some--name"]


def test_names_of_runs(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert looked_up(run_names, "") == ["latest"]
    for folder, name in (("runs", "20240101-a"), ("runs", "20240301-b"), ("other", "20250101-c"), ("runs", "no-run")):
        (here / folder / name).mkdir(parents=True)
        if name != "no-run":
            (here / folder / name / "run.json").write_text("{}")
    assert looked_up(run_names, "") == ["latest", "20240301-b", "20240101-a"]
    assert looked_up(run_names, "2025", runs_dir="other") == ["20250101-c"]
    monkeypatch.setenv("BENCH_RUNS_DIR", "other")
    assert looked_up(run_names, "20") == ["20250101-c"]


def test_names_of_the_cells_of_a_run(made: Any, bench: Call, tmp_path: Path) -> None:
    run = made.folder.name
    for command in ("predict", "export"):
        assert asked(bench, made.here, command, "--strategy", "") == ["base", "lora"], "the newest run of this folder"
        assert asked(bench, tmp_path, command, "--runs-dir", str(made.runs), run, "--strategy", "l") == ["lora"]
        assert asked(bench, tmp_path, command, str(made.folder), "--task", "") == ["classification"]
        assert asked(bench, tmp_path, command, str(made.folder), "--strategy", "lora", "--model", "t") == ["tiny"]
        assert asked(bench, tmp_path, command, str(made.folder), "--strategy", "none", "--model", "") == []
        assert asked(bench, tmp_path, command, "no-run", "--strategy", "") == []
    assert asked(bench, tmp_path, "compare", str(made.folder), "--strategies", "") == ["base", "lora"]
    assert asked(bench, tmp_path, "compare", str(made.folder), "--strategies", "base,l") == ["base,lora"]
    assert asked(bench, tmp_path, "compare", str(made.folder), "--strategies", "base,lora", "--task", "") == ["classification"]


def test_strategy_name_with_commas_is_completed(made: Any, here: Path) -> None:
    plan = json.loads((made.folder / "run.json").read_text())
    name = "lora:target_modules=lm_head,q_proj"
    plan["strategies"][name] = plan["strategies"]["lora"] | {"name": name}
    plan["cells"].append(plan["cells"][-1] | {"strategy": name, "id": "0"})
    (here / "runs" / "a").mkdir(parents=True)
    del plan["seal"]
    write_sealed_json(here / "runs" / "a" / "run.json", plan)
    RunFolder(here / "runs" / "a").seal()
    context = click.Context(click.Command("predict"))
    items = cell_names(context, click.Option(["--strategy"]), "lora:target_modules=lm_head,")
    assert [(item.value, item.type) for item in items] == [(name, "plain")]
    (here / "runs" / "a" / "run.json").write_text("{")
    assert cell_names(context, click.Option(["--strategy"]), "") == []


def test_unreadable_folder_gives_no_traceback(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "glob", denied)
    assert looked_up(task_names, "sum") == ["<files>"]
