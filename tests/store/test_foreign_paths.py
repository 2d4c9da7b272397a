"""Names and paths from a stranger's files stay inside the folder that they belong to."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import BenchError
from harness.store import RunFolder, find_name_problem, refuse_links, resolve_inside
from tests.foreign import edit_json
from tests.store.conftest import BASE, LORA

HOSTILE_NAMES = [
    "", ".", "..", "../x", "/etc/passwd", "a/b", "a\\b", ".hidden", "a\0b", "a\nb",
    "C:x", "x" * 129, "~root", "a\u202eb", "a b", "-rf",
]  # fmt: skip


FORECAST = {
    "device": "a CPU", "memory": None, "peak": None, "training_seconds": {"value": 1.0}, "answer_seconds": {"value": 1.0}, "price": None,
    "currency": "USD", "available": None, "step": None,
}  # fmt: skip
SCORE = {"name": "mine", "direction": "higher", "unit": "fraction", "signature": "mine|x"}


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_are_refused(name: str) -> None:
    assert find_name_problem(name)


@pytest.mark.parametrize("name", ["3f2a91c07be4d6a8", "summarization-1", "notes.v2", "a=b+c", "x" * 128])
def test_ordinary_names_are_accepted(name: str) -> None:
    assert find_name_problem(name) == ""


@pytest.mark.parametrize("path", ["", "/", "..", "../x", "a/../../x", "/etc", "a//../b", "C:\\x", "a/./.b", "a\0"])
def test_paths_that_leave_their_folder_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(BenchError, match="does not stay inside this folder"):
        resolve_inside(tmp_path, path)


def test_path_through_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "out")
    assert resolve_inside(folder, "a/b.txt") == folder / "a" / "b.txt"
    with pytest.raises(BenchError, match=r"link: is a link, which could lead outside of"):
        resolve_inside(folder, "link/x")


def test_links_pipes_and_sockets_are_refused_and_hard_links_are_not(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / "file").write_text("x")
    os.link(folder / "file", folder / "deep" / "same")
    refuse_links(folder)
    for make, kind in (
        (lambda path: path.symlink_to("/etc/passwd"), "link"),
        (lambda path: path.symlink_to(folder), "link"),
        (lambda path: path.symlink_to("nowhere"), "link"),
        (os.mkfifo, "pipe, socket or device"),
    ):
        place = folder / "deep" / "deeper" / "x"
        make(place)
        with pytest.raises(BenchError, match=f"deeper/x: is a {kind}, and run may hold only files and folders"):
            refuse_links(folder)
        place.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(folder)  # the path of a socket has a short limit
        listener.bind("s")
        with pytest.raises(BenchError, match="is a pipe, socket or device"):
            refuse_links(folder)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda plan: plan["cells"][1].update(id="../../../../x"), r"cells\[1\]\.id: '\.\./\.\./\.\./\.\./x' cannot be the name of a file"),
        (lambda plan: plan["cells"][1].update(id="/tmp/x"), r"cells\[1\]\.id: "),
        (lambda plan: plan["cells"][1].update(id=plan["cells"][0]["id"]), r"cells\[1\]\.id: the id 'b0' occurs twice"),
        (lambda plan: plan["cells"][0].update(task="../x"), r"cells\[0\]\.task: the plan has no task '\.\./x'"),
        (lambda plan: plan["cells"][0].update(model="none"), r"cells\[0\]\.model: the plan has no model 'none'"),
        (lambda plan: plan["cells"][0].update(strategy="none"), r"cells\[0\]\.strategy: the plan has no strategy 'none'"),
        (lambda plan: plan["cells"][0].update(train_size=-1), r"cells\[0\]: train_size and seed must not be negative"),
        (lambda plan: plan["tasks"].update({"../x": plan["tasks"]["notes"]}), r"tasks: the entry '\.\./x' holds 'notes'"),
        (lambda plan: plan["tasks"]["notes"].update(name="../x"), r"tasks\.notes\.name: "),
        (lambda plan: plan["strategies"].update(other=plan["strategies"]["base"]), "strategies: the entry 'other' holds 'base'"),
        (lambda plan: plan["models"]["tiny"].update(name="other"), "models: the entry 'tiny' holds 'other'"),
        (lambda plan: plan["data"].clear(), "data: the task 'notes' is missing"),
        (lambda plan: plan["data_digests"].clear(), "data_digests: the task 'notes' is missing"),
        (lambda plan: plan["options"].update(price=3), r"options\.price: must be an object"),
        (lambda plan: plan["options"].update(price={"per_hour": "3"}), r"options\.price\.per_hour: must be a number"),
        (lambda plan: plan["options"].update(price={"currency": 3}), r"options\.price: currency and source must be text"),
        (lambda plan: plan["options"].update(request=[]), r"options\.request: must be an object"),
        (lambda plan: plan["options"].update(request={"models": [3]}), r"options\.request\.models: must be a list of texts"),
        (lambda plan: plan["options"].update(dtype=3), r"options\.dtype: must be text"),
        (lambda plan: plan.update(created="yesterday"), r"created: 'yesterday' is not a date and time with a time zone"),
        (lambda plan: plan.update(created="2026-01-31T09:30:00"), r"created: '2026-01-31T09:30:00' is not a date and time with"),
        (lambda plan: plan.update(created="0001-01-01T00:00:00+14:00"), r"created: '0001-01-01T00:00:00\+14:00' is not a date and time"),
        (lambda plan: plan["options"].update(trust_remote_code="yes"), r"options\.trust_remote_code: must be true or false"),
        (lambda plan: plan["options"].update(request={"plugins": "x.py"}), r"options\.request\.plugins: must be a list of texts"),
        (lambda plan: plan.update(forecasts={"none": FORECAST}), r"forecasts\.none: the plan has no such cell"),
        (lambda plan: plan.update(forecasts={BASE.id: FORECAST | {"price": -1.0}}), r"forecasts\.b0: bytes, seconds and prices must be"),
        (lambda plan: plan.update(forecasts={BASE.id: FORECAST | {"peak": {"value": -1.0}}}), r"forecasts\.b0: bytes, seconds and prices"),
        (lambda plan: plan.update(plugin_scores={"mine": []}), r"plugin_scores\.mine: needs scores with names"),
        (lambda plan: plan.update(plugin_scores={"mine": [SCORE | {"name": " "}]}), r"plugin_scores\.mine: needs scores with names"),
        (lambda plan: plan.update(plugin_scores={"mine": [SCORE | {"direction": "up"}]}), r"plugin_scores\.mine"),
        (lambda plan: plan.update(plugin_scores={"mine": [SCORE | {"code": "x.py"}]}), r"plugin_scores\.mine"),
    ],
)  # fmt: skip
def test_plan_that_contradicts_itself_or_names_unsafe_paths_is_refused(
    make_run: Callable[..., RunFolder], change: Callable[[dict[str, object]], None], problem: str
) -> None:
    folder = make_run(BASE, LORA)
    edit_json(folder.path / "run.json", change)
    with pytest.raises(BenchError, match=r"run\.json: is damaged: " + problem):
        folder.plan()


def test_run_with_a_link_is_refused_when_it_is_opened(make_run: Callable[..., RunFolder]) -> None:
    folder = make_run(BASE, LORA)
    artifact = folder.cell(LORA.id).artifact
    artifact.mkdir()
    (artifact / "adapter_model.safetensors").symlink_to("/etc/passwd")
    with pytest.raises(BenchError, match=r"adapter_model\.safetensors: is a link"):
        folder.plan()
