"""`from harness import …`: the names, their types, and what they import."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from places import ROOT

import harness
from harness import api
from harness.grid import Request

HERE = Path(__file__).parent
HEAVY = {"torch", "transformers", "peft", "bitsandbytes", "accelerate"}


def test_every_public_name_loads_and_is_documented() -> None:
    for name in set(harness.__all__) - {"__version__"}:
        assert getattr(harness, name).__doc__, name
    for name in api.__all__:
        assert getattr(api, name).__doc__, name
    assert sorted(api._MODULES) == sorted(api.__all__) == sorted(set(api.__all__)) and dir(api) == sorted(api.__all__)
    with pytest.raises(AttributeError, match=r"'harness\.api' has no attribute 'nothing'"):
        api.nothing  # noqa: B018
    assert dir(harness) == sorted(harness.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        harness.nothing  # noqa: B018


def test_gate_is_the_function_whatever_is_imported_first() -> None:
    importlib.import_module("harness.gate")
    from harness import gate
    from harness.gate import Verdict

    assert gate is api.gate and harness.Verdict is Verdict


def test_run_takes_everything_that_a_request_holds() -> None:
    internal = {"whole_as_test", "outputs_name", "price_per_1k"}
    renamed = {"tasks": "task", "models": "model"}
    parameters = inspect.signature(api.run).parameters
    for field in fields(Request):
        assert field.name in internal or renamed.get(field.name, field.name) in parameters, field.name


@pytest.mark.parametrize("function", [api.run, api.score, api.plan, api.compare, api.gate, api.promote, api.predict, api.export])
def test_arguments_are_named_typed_and_documented(function: Any) -> None:
    doc = inspect.getdoc(function) or ""
    for name, parameter in inspect.signature(function).parameters.items():
        assert parameter.kind is not inspect.Parameter.VAR_KEYWORD and parameter.annotation is not inspect.Parameter.empty, name
        assert name in doc, f"{function.__name__}: {name} is not explained"


def test_every_setting_in_a_message_is_an_argument_and_an_option() -> None:
    """Messages name arguments; each must exist in Python, and as an option."""
    import click

    from harness.cli.main import cli
    from harness.cli.wording import with_options
    from harness.errors import setting

    def options(command: click.Command) -> set[str]:
        own = {option for param in command.params for option in (*param.opts, *param.secondary_opts)}
        context = click.Context(command)
        names = command.list_commands(context) if isinstance(command, click.Group) else ()
        return own.union(*(options(sub) for name in names if (sub := command.get_command(context, name))))

    functions = [getattr(api, name) for name in api.__all__ if inspect.isfunction(getattr(api, name))]
    arguments = {name for function in functions for name in inspect.signature(function).parameters} | {"cache_folder"}  # use_cache_folder
    known = options(cli) | {"BENCH_CACHE_DIR=FOLDER"}
    wrong = []
    for file in (ROOT / "harness").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setting" and node.args):
                continue
            name = node.args[0]
            if isinstance(name, ast.Constant) and not str(name.value).startswith("fields"):
                where = f"{file.relative_to(ROOT)}:{node.lineno}: {name.value}"
                value = node.args[1].value if len(node.args) > 1 and isinstance(node.args[1], ast.Constant) else None
                if name.value not in arguments:
                    wrong.append(f"{where} is not an argument of the API")
                if with_options(setting(str(name.value), value)).split()[0] not in known:
                    wrong.append(f"{where} has no option")
    assert not wrong, "\n".join(wrong)


def test_a_users_script_is_accepted_by_mypy() -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml"), str(HERE / "user_script.py")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_reading_a_run_imports_no_engine(made: Any) -> None:
    code = (
        "import sys\n"
        "from harness import load_run\n"
        f"run = load_run({str(made.folder)!r})\n"
        "frames = [run.summary(), run.scores(), run.predictions(with_inputs=True), run.costs(), run.comparisons()]\n"
        "assert all(len(frame) for frame in frames), frames\n"
        "run._repr_html_(); run.to_dict(); run.decision()\n"
        "print(*{name.split('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert HEAVY.isdisjoint(done.stdout.split())


def test_a_name_imports_only_what_it_needs() -> None:
    """Commands that list strategies or tasks begin without what reports and gates need."""
    code = "import sys; from harness.api import open_catalog; open_catalog(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {"pandas", "scipy", "harness.reporting", "harness.gate"}.isdisjoint(done.stdout.split())


def test_a_users_script_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import user_script

    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data.csv"
    data.write_text("text,label\n" + "".join(f"message {i} about {i % 2},kind {i % 2}\n" for i in range(60)), encoding="utf-8")
    api.use_cache_folder(tmp_path / "cache")
    finished = user_script.train(data, tmp_path / "runs")
    assert [each.strategy for each in api.list_forecasts()] == ["base", "rank-4"], "forecast, and added to the ledger"
    api.use_cache_folder(None)
    assert finished.complete
    lines = user_script.report(finished)
    assert lines[0] == str(finished.path) and any(line.startswith("classification: macro_f1") for line in lines)
    page = (finished.path / "page.html").read_text(encoding="utf-8")
    assert "message 1 about" not in page, "written without texts"
    verdict = user_script.decide(finished, tmp_path / "registry")
    assert verdict is not None and verdict.outcome in ("PASS", "FAIL", "INCONCLUSIVE")
    outputs = tmp_path / "vendor.txt"
    outputs.write_text("".join(f"kind {i % 2}\n" for i in range(60)), encoding="utf-8")
    assert user_script.score_vendor(outputs, data, tmp_path / "runs") == 1.0
