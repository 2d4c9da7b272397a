"""Readers of the files of a monitor: damaged ones, and ones that a colleague wrote and sealed."""

from __future__ import annotations

import json
import shutil
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from report_factory import Made, make_run, summarization

from harness.api import promote, watch
from harness.lifecycle.watch import WatchedRow, WatchStore, describe_look, find_early_row, look, start_monitor
from harness.reporting import watch_to_json
from harness.store import write_sealed
from harness.types import Example
from tests.fuzz.readers.reader import Read, Reader, file_seeds, get_folder, refusals

TASK = "summarization"


def read_watch_file(name: str, *, seals: bool) -> Read:
    """Replace a file of a monitor, and look at a few rows with it.

    Args:
        seals: the content is a JSON document, which is sealed as bench seals its own.
    """

    def read(content: bytes, folder: Path) -> None:
        registry = folder / "registry"
        shutil.copytree(_registry(), registry)
        (file,) = registry.rglob(name)
        if seals:
            try:
                document = json.loads(content)
                assert isinstance(document, dict)
                document.pop("seal", None)
                assert document
                write_sealed(file, dict, document, place=file.relative_to(registry).as_posix())
            except (ValueError, AssertionError, RecursionError):
                return
        else:
            file.write_bytes(content)
        with refusals():
            _look(registry)

    return read


def _look(registry: Path) -> None:
    store = WatchStore(registry, TASK, _digest())
    fingerprint = store.read_fingerprint()
    monitor = store.read_monitor(fingerprint) or start_monitor(fingerprint)
    rows = [
        WatchedRow(Example(f"n{i}", {"input": "mild pain in the knee"}, ()), date(2026, 6, 1).toordinal(), f"{i:012}") for i in range(3)
    ]
    if find_early_row(monitor, rows) is None:
        looked = look(monitor, fingerprint, rows)
        json.dumps(watch_to_json(describe_look(looked, fingerprint, strategy="lora", run="run", promoted="")), allow_nan=False)
        store.write_monitor(looked.monitor)


@lru_cache(maxsize=1)
def _registry() -> Path:
    run = make_run(get_folder() / "watched", [summarization([Made("base", 0.3), Made("few-shot", 0.9, 1)], rows=24)])
    registry = get_folder() / "watched-registry"
    promote(run.path, "few-shot", registry=registry, new_registry=True, force=True, reason="a test")
    data = get_folder() / "watched.jsonl"
    rows = [{"id": f"a{i}", "input": "fever since monday", "date": "2026-03-01"} for i in range(6)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    watch(TASK, data, registry=registry, today=date(2026, 3, 1))
    return registry


def _digest() -> str:
    (file,) = _registry().rglob("fingerprint.json")
    digest: str = json.loads(file.read_bytes())["model"]
    return digest


def _document(name: str) -> dict[str, Any]:
    (file,) = _registry().rglob(name)
    value: dict[str, Any] = json.loads(file.read_bytes())
    return value


WATCH_FILES: dict[str, Reader] = {
    "fingerprint": Reader(
        read_watch_file("fingerprint.json", seals=True), lambda: [b"{}"], lambda: [_document("fingerprint.json")], share=0.3
    ),
    "monitor": Reader(read_watch_file("monitor.json", seals=True), lambda: [b"{}"], lambda: [_document("monitor.json")], share=0.3),
    "unsealed-monitor": Reader(read_watch_file("monitor.json", seals=False), file_seeds(_registry, "watch/*/*/monitor.json"), share=0.2),
}
