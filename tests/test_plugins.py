"""Plug-ins as authors write them: a real package with an entry point, used through the command line."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import plugins
from harness.data.pipeline.sources import sources
from harness.metrics.families import _families
from harness.store import RunFolder, StoredRun

Bench = Callable[..., Any]

CODE = """
from harness.data import SourceRows
from harness.metrics import Family, example_metric
from harness.plugins import Plugin
from harness.types import Example


def shouted(example, prediction):
    return float(prediction.output.isupper())


FAMILY = Family(
    "shouting", ("summarization",), ("shouted",), lambda labels: (example_metric("shouted", "lower", "fraction", shouted, "case"),)
)


def tickets(spec, kind):
    def rows():
        for split, count in (("train", 12), ("validation", 4), ("test", spec.options["tests"])):
            for i in range(count):
                yield split, Example(f"{split}-{i}", {"input": f"{spec.options['word']} {split} {i} ✓"}, (f"note {i}",))

    return SourceRows("1", rows())


def plugin():
    return Plugin(metrics=[FAMILY], sources={"tickets": tickets})
"""

TASK = """
name: support
kind: summarization
data: {source: tickets, options: {word: printer, tests: 5}}
prompt: "Summarize: {{ input }}\\n"
metrics: [shouting, length]
primary: shouted
decode: {max_new_tokens: 4}
"""


def install(site: Path, name: str, code: str, version: str = "1.0") -> None:
    """Create what pip would install for a package with the module `name` and a plug-in in it."""
    (site / f"{name}.py").parent.mkdir(parents=True, exist_ok=True)
    (site / f"{name}.py").write_text(code)
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[harness.plugins]\nacme = {name}:plugin\n")


def path_with(site: Path) -> dict[str, str]:
    """The environment variables with which Python finds the packages in `site`."""
    return {"PYTHONPATH": os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site"


@pytest.fixture
def call(bench: Bench, here: Path, site: Path) -> Bench:
    """Call `bench` in a folder with the task, with the packages in `site` installed."""
    return lambda *arguments: bench(*arguments, here=here, env=path_with(site))


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The working directory, with the task."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "custom.yaml").write_text(TASK)
    return folder


@pytest.fixture
def quick_call(quick_bench: Bench, here: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """As `call`, in this process, which afterwards knows the packages in `site` no longer."""
    monkeypatch.syspath_prepend(site)

    def forget() -> None:
        importlib.invalidate_caches()
        plugins._packaged_plugins.cache_clear()
        _families.cache_clear()
        sources.cache_clear()
        for name in ("acme_bench", "zebra"):
            sys.modules.pop(name, None)

    def _quick_call(*arguments: str) -> Any:
        forget()
        return quick_bench(*arguments, here=here)

    yield _quick_call
    forget()


def evaluate(site: Path, code: str) -> Any:
    """The JSON that Python prints with the packages in `site` installed."""
    done = subprocess.run(
        [sys.executable, "-c", code], env=path_with(site), capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    return json.loads(done.stdout)


def test_plugin_adds_a_source_and_the_primary_score(call: Bench, site: Path, tmp_path: Path) -> None:
    install(site, "acme_bench", CODE)
    validated = call("tasks", "validate", "custom.yaml")
    assert (validated.code, validated.out) == (0, "custom.yaml: 'support' is valid\n"), validated
    ended = call("run", "--task", "custom.yaml", "--strategies", "base", "--limit", "4")
    assert ended.code == 0, ended
    report = json.loads(call("report", "--format", "json", "--out", "-").out)
    (cell,) = report["cells"]
    assert cell["scores"]["shouted"]["n"] == 4
    assert 0 <= cell["scores"]["shouted"]["value"] <= 1
    plan = json.loads((tmp_path / "here" / ended.out.strip() / "run.json").read_text())
    assert plan["tasks"]["support"]["data"]["options"] == {"word": "printer", "tests": 5}
    assert plan["data"]["support"]["origin"]["source"] == "tickets"
    assert plan["data"]["support"]["sampled_from"] == {"train": 12, "validation": 4, "test": 5}
    assert plan["environment"]["acme-bench"].startswith("1.0 (code ")


@pytest.mark.soak
def test_metric_that_reads_a_column_is_computed_again_when_the_column_is_kept(call: Bench, site: Path, tmp_path: Path) -> None:
    """The cell is reused: no output depends on the column."""
    count = 'return float(example.meta.get("ward") == "north")'
    install(site, "acme_bench", CODE.replace("return float(prediction.output.isupper())", count))
    here = tmp_path / "here"
    rows = "".join(f"the printer {i} is broken,note {i},{'north' if i % 2 else 'south'}\n" for i in range(40))
    (here / "tickets.csv").write_text(f"text,note,ward\n{rows}")
    data = "data: {path: tickets.csv, fields: {input: text, target: note}}"
    (here / "custom.yaml").write_text(TASK.replace("data: {source: tickets, options: {word: printer, tests: 5}}", data))
    scores = {}
    for keep in ((), ("--keep", "ward")):
        ended = call("run", "--task", "custom.yaml", "--strategies", "base", *keep)
        assert ended.code == 0 and ("base: reused from" in ended.err) == bool(keep), ended
        run = StoredRun(RunFolder(here / ended.out.strip()))
        scores[keep] = [prediction.scores["shouted"] for prediction in run.predictions(run.cells[0].id)]
    north = [float(example.meta["ward"] == "north") for example in run.examples("support")]
    assert sum(north) > 0 and scores == {(): [0.0] * len(north), ("--keep", "ward"): north}


def test_changed_code_of_the_same_version_is_another_environment(site: Path) -> None:
    code = "import json; from harness.measure.environment import get_result_versions; print(json.dumps(get_result_versions()))"
    assert "acme-bench" not in evaluate(site, code)
    install(site, "acme_bench", CODE)
    first = evaluate(site, code)["acme-bench"]
    assert evaluate(site, code)["acme-bench"] == first
    (site / "acme_bench.py").write_text(CODE.replace("isupper", "islower"))
    assert evaluate(site, code)["acme-bench"] != first


def test_help_does_not_import_plugins(call: Bench, site: Path) -> None:
    install(site, "acme_bench", "raise SystemExit('imported')")
    for arguments in (("--help",), ("run", "--help"), ("--version",)):
        ended = call(*arguments)
        assert (ended.code, ended.err) == (0, ""), ended


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("import nothing_of_that_name", "cannot be loaded: ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("x = 1", "cannot be loaded: AttributeError: module 'acme_bench' has no attribute 'plugin'"),
        ("def plugin(:", "cannot be loaded: SyntaxError"),
        ("import sys; sys.exit(3)", "cannot be loaded: SystemExit: 3"),
        ("def plugin(): return {'metrics': []}", "must return a harness.plugins.Plugin, not dict"),
        ("def plugin(): return 1 / 0", "cannot be loaded: ZeroDivisionError: division by zero"),
        ("from harness.plugins import Plugin\ndef plugin(): return Plugin(metrics=['rouge'])", "must be a harness.metrics.Family, not str"),
        ("from harness.plugins import Plugin\ndef plugin(): return Plugin(sources={'a': 1})", "the source 'a' must be a name with a"),
        ("from harness.plugins import Plugin\ndef plugin(): return Plugin(sources=[1])", "'sources' a dictionary"),
    ],
)
def test_broken_plugin_is_one_clear_error(quick_call: Bench, site: Path, code: str, hint: str) -> None:
    install(site, "acme_bench", code)
    ended = quick_call("tasks", "validate", "custom.yaml")
    assert (ended.code, ended.out) == (2, ""), ended
    (line,) = ended.err.splitlines()
    assert "acme-bench 1.0" in line
    assert hint in line


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (('"shouting"', '"rouge"'), "metric 'rouge'"),
        (('"tickets"', '"clinic"'), "source 'clinic'"),
        (('"shouted"', '"rougeL"'), "score 'rougeL'"),
    ],
)
def test_name_clash_names_both_packages(quick_call: Bench, site: Path, change: tuple[str, str], what: str) -> None:
    install(site, "acme_bench", CODE.replace(*change))
    ended = quick_call("tasks", "validate", "custom.yaml")
    assert ended.code == 2
    assert ended.err.splitlines() == [
        f"error: the {what} is in two packages: finetune-bench and acme-bench 1.0. Rename it in one of them, or uninstall one."
    ]


def test_two_plugins_with_the_same_metric(quick_call: Bench, site: Path) -> None:
    install(site, "acme_bench", CODE)
    install(site, "zebra", CODE, "2.1")
    ended = quick_call("tasks")
    assert ended.code == 2
    assert "the metric 'shouting' is in two packages: acme-bench 1.0 and zebra 2.1." in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ("raise KeyError('token')", "the source 'tickets' of acme-bench 1.0 failed: KeyError: 'token'"),
        ("return []", "must return SourceRows(version, rows), but it returned list"),
        ("return SourceRows('1', [('tset', None)])", "must yield pairs of a split (train, validation, test) and an Example"),
        ("return SourceRows('1', (1 / 0 for _ in 'a'))", "failed: ZeroDivisionError"),
    ],
)
def test_failing_source_is_named(quick_call: Bench, site: Path, body: str, hint: str) -> None:
    install(site, "acme_bench", CODE.replace("def tickets(spec, kind):\n", f"def tickets(spec, kind):\n    {body}\n"))
    ended = quick_call("run", "--task", "custom.yaml", "--strategies", "base")
    assert (ended.code, ended.out) == (2, ""), ended
    assert hint in ended.err
    assert "Traceback" not in ended.err


def test_examples_of_a_source_are_checked(quick_call: Bench, site: Path) -> None:
    install(site, "acme_bench", CODE.replace('(f"note {i}",)', 'f"note {i}"'))
    ended = quick_call("run", "--task", "custom.yaml", "--strategies", "base")
    assert (ended.code, ended.out) == (2, ""), ended
    assert ended.err.splitlines() == [
        "error: the source 'tickets' of acme-bench 1.0: the example 'train-0' of train: targets must be a tuple of texts, not str: 'note 0'"
    ]


def test_score_that_is_not_a_number_fails_the_cell_and_names_the_example(quick_call: Bench, site: Path, tmp_path: Path) -> None:
    install(site, "acme_bench", CODE.replace("float(prediction.output.isupper())", "float('nan')"))
    ended = quick_call("run", "--task", "custom.yaml", "--strategies", "base", "--limit", "2")
    assert ended.code == 1, ended
    (file,) = (tmp_path / "here").glob("runs/*/cells/*/cell.json")
    cell = json.loads(file.read_text())
    assert cell["status"] == "failed"
    assert "the metric 'shouted' of 'shouting' returned nan for the example 'test-" in cell["error"]
