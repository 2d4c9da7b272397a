"""Readers of the files of a registry."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from report_factory import Made, make_run, summarization

from harness.api import promote
from harness.gate.registry import Registry
from tests.fuzz.readers.reader import Read, Reader, document_seeds, file_seeds, get_folder, refusals


def read_registry(place: str) -> Read:
    """Replace a file of a registry, read its history and its models, and check it."""

    def read(content: bytes, folder: Path) -> None:
        registry = folder / "registry"
        shutil.copytree(_registry(), registry)
        (registry / place).write_bytes(content)
        with refusals():
            for event in Registry(registry).journal.events():
                with refusals():
                    Registry(registry).load(event)
        with refusals():
            Registry(registry).verify()

    return read


def read_event(content: bytes, folder: Path) -> None:
    """Add an event with this body, sealed as the owner of a registry would seal it."""
    registry = folder / "registry"
    shutil.copytree(_registry(), registry)
    try:
        body = json.loads(content)
        assert isinstance(body, dict)
    except (ValueError, AssertionError, RecursionError):
        return
    with suppress(TypeError, UnicodeEncodeError), refusals():  # these are of the Python call that adds the event, not of a reader
        Registry(registry).journal.append("summarization", lambda _: ("promote", body))
    with refusals():
        for event in Registry(registry).journal.events():
            with refusals():
                Registry(registry).load(event)
    with refusals():
        models = Registry(registry).models("summarization")
        assert sum(model.stage == "champion" for model in models) == 1
    with refusals():
        Registry(registry).rollback("summarization", "a test")


@lru_cache(maxsize=1)
def _registry() -> Path:
    run = make_run(get_folder() / "promoted", [summarization([Made("base", 0.3), Made("few-shot", 0.9, 1)], rows=40)])
    registry = get_folder() / "registry"
    promote(run.path, "few-shot", registry=registry, new_registry=True, force=True, reason="a test")
    return registry


def _event_body() -> dict[str, Any]:
    with sqlite3.connect(_registry() / "registry.sqlite") as db:
        (body,) = db.execute("SELECT body FROM events").fetchone()
    db.close()
    value: dict[str, Any] = json.loads(body)
    return value


REGISTRY_FILES: dict[str, Reader] = {
    "registry": Reader(read_registry("registry.sqlite"), file_seeds(_registry, "registry.sqlite")),
    "head": Reader(read_registry("head.json"), file_seeds(_registry, "head.json"), document_seeds(_registry, "head.json")),
    "salt": Reader(read_registry("salt.key"), file_seeds(_registry, "salt.key"), share=0.4),
    "event": Reader(read_event, lambda: [b"{}"], lambda: [_event_body(), _event_body() | {"stage": "shadow", "share": 0.5}], share=0.5),
}
