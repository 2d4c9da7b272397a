"""A small run, and a server that judges its outputs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, chat
from report_factory import Made, make_run, summarization

from harness.cache import use_cache_folder
from harness.store import StoredRun

ROWS = 12


def read_shown(body: dict[str, Any]) -> list[str]:
    """The outputs that a request shows, in order."""
    prompt = body["messages"][0]["content"]
    return re.findall(r"^[0-9a-f]{16} BEGIN OUTPUT[ AB]*\n(.*?)\n[0-9a-f]{16} END OUTPUT", prompt, re.MULTILINE | re.DOTALL)


def prefer_longer(body: dict[str, Any]) -> str:
    """A judge of pairs that prefers the longer output."""
    first, second = read_shown(body)
    return json.dumps({"reason": "it says more", "verdict": "A" if len(first) > len(second) else "B"})


@pytest.fixture
def run(tmp_path: Path) -> StoredRun:
    """base and lora on a few summaries; lora keeps more of the reference."""
    cells = [Made("base", 0.2), Made("lora", 0.9, 1, train_seconds=9)]
    return make_run(tmp_path / "runs" / "done", [summarization(cells, rows=ROWS)])


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """A host that prefers the longer output; `complete` may be replaced. Answers are cached in a folder of the test."""
    monkeypatch.setenv("JUDGE_KEY", "sk-judge-7731")
    use_cache_folder(tmp_path / "cache")
    with ModelServer(chat(prefer_longer)) as running:
        yield running
    use_cache_folder(None)


@pytest.fixture
def declare(server: ModelServer, tmp_path: Path) -> Callable[..., Path]:
    """Write the file of a judge that asks this server."""

    def write(**fields: Any) -> Path:
        api = {"base_url": f"{server.address}/v1", "model": "big", "api_key_env": "JUDGE_KEY", "max_concurrency": 1}
        price = {"input_per_million": 1000, "output_per_million": 10_000}  # 0.2 for each answer of the server
        values = {"name": "careful", "kind": "pairwise", "criterion": "Is it complete?", "api": {**api, "price": price}} | fields
        path = tmp_path / "judge.yaml"
        path.write_text(json.dumps({name: value for name, value in values.items() if value is not None}))
        return path

    return write
