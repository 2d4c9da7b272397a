"""Readers of what a running server sends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from harness.engine.served import ServerClient
from tests.fuzz.readers.reader import Reader, refusals

COMPLETION = {
    "id": "1", "object": "text_completion", "model": "tuned",
    "choices": [{"index": 0, "text": "a text", "finish_reason": "stop", "logprobs": {"token_logprobs": [None, -0.5, -1.25]}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}  # fmt: skip
MODELS = {"object": "list", "data": [{"id": "tuned", "object": "model"}]}


def _read(content: bytes, folder: Path) -> None:
    """Read an answer as a completion and as a list of models."""
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=content))
    client = ServerClient("http://127.0.0.1", sleep=lambda _: None, transport=transport)
    with refusals():
        client.complete({"prompt": "x"})
    with refusals():
        client.find_model("tuned")
    with refusals():
        client.find_model(None)


def _seeds() -> Sequence[bytes]:
    return [json.dumps(each).encode() for each in _documents()]


def _documents() -> Sequence[Any]:
    return [COMPLETION, MODELS]


SERVER_ANSWERS: dict[str, Reader] = {"server answer": Reader(_read, _seeds, _documents)}
