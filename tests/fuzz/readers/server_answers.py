"""Readers of what a running server sends."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from harness.engine.hosted import AnswerCache, HostedForm, HostedReply, read_reply
from harness.engine.served import ChatReply, ServerClient, TokenChoice
from harness.store import to_json_line
from harness.types import Example
from tests.fuzz.readers.reader import TASK, Reader, refusals

_EXAMPLE = Example("e1", {"input": "Where is it?"}, ("shipping",), ("shipping", "billing"))

COMPLETION = {
    "id": "1", "object": "text_completion", "model": "tuned",
    "choices": [{"index": 0, "text": "a text", "finish_reason": "stop", "logprobs": {"token_logprobs": [None, -0.5, -1.25]}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}  # fmt: skip
CHAT = {
    "id": "1", "object": "chat.completion", "model": "big-2026", "system_fingerprint": "fp_1",
    "choices": [
        {
            "index": 0, "message": {"role": "assistant", "content": "shipping", "refusal": None}, "finish_reason": "stop",
            "logprobs": {"content": [{"token": "ship", "logprob": -0.5, "top_logprobs": [{"token": "bill", "logprob": -1.0}]}]},
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}  # fmt: skip
MODELS = {"object": "list", "data": [{"id": "tuned", "object": "model"}]}


def _read(content: bytes, folder: Path) -> None:
    """Read an answer as a completion, as an answer in a chat in each form, and as a list of models."""
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=content))
    client = ServerClient("http://127.0.0.1", sleep=lambda _: None, transport=transport)
    with refusals():
        client.complete({"prompt": "x"})
    for labels in (None, "logprobs", "constrained", "parsed"):
        with refusals():
            reply = client.chat({"messages": []})
            read_reply(reply, HostedForm(labels), TASK, _EXAMPLE, tokens=(1, 1))
    with refusals():
        client.find_model("tuned")
    with refusals():
        client.find_model(None)


def _seeds() -> Sequence[bytes]:
    return [json.dumps(each).encode() for each in _documents()]


def _documents() -> Sequence[Any]:
    return [COMPLETION, CHAT, MODELS]


def _read_cached(content: bytes, folder: Path) -> None:
    """Read a file of the cache, and the same text behind the digest that belongs to it."""
    cache, key = AnswerCache(folder), "0" * 64
    file = folder / "00" / f"{key}.txt"
    file.parent.mkdir()
    for text in (content, f"{hashlib.sha256(content).hexdigest()[:16]} ".encode() + content):
        file.write_bytes(text)
        reply = cache.read(key)
        assert reply is None or reply.key == key


def _cached() -> Sequence[Any]:
    reply = ChatReply("shipping", "stop", "big-2026", "fp_1", 3, 2, (TokenChoice("ship", -0.5, (("bill", -1.0),)),))
    return [json.loads(to_json_line(HostedReply, HostedReply("0" * 64, "2026-01-31T09:30:00+00:00", 0.5, reply)))]


SERVER_ANSWERS: dict[str, Reader] = {
    "server answer": Reader(_read, _seeds, _documents),
    "cached answer": Reader(_read_cached, lambda: [json.dumps(each).encode() for each in _cached()], _cached),
}
