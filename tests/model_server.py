"""A small OpenAI-compatible server in this process, which answers with a model in memory and fails as it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ModelServer:
    """Serves completions and answers in chats on a free port of the loopback address.

    `faults` are taken one by one, before a request is answered: a status, "cut" (half a body), "json" (no JSON), "shape" (JSON of another
    form), "huge" (more than a client should read), "redirect" or "silent" (nothing until the server is closed). `refuse` may answer a
    request with a status and JSON. `requests` are the bodies that arrived, and `keys` the authorizations.
    """

    def __init__(
        self,
        complete: Callable[[dict[str, Any]], dict[str, Any]],
        *,
        models: tuple[str, ...] = ("tuned",),
        takes_ids: bool = True,
        takes_penalty: bool = True,
    ) -> None:
        self.complete, self.models, self.takes_ids, self.takes_penalty = complete, models, takes_ids, takes_penalty
        self.faults: list[Any] = []
        self.retry_after = "7"
        self.refuse: Callable[[dict[str, Any]], tuple[int, Any] | None] = lambda body: None
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.keys.append(self.headers.get("authorization"))
                self._send(200, {"data": [{"id": name} for name in server.models]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with server._lock:
                    fault = server.faults.pop(0) if server.faults else None
                    server.requests.append(body)
                    server.keys.append(self.headers.get("authorization"))
                if fault is not None:
                    self._fail(fault)
                elif (refusal := server.refuse(body)) is not None:
                    self._send(*refusal)
                elif (isinstance(body.get("prompt"), list) and not server.takes_ids) or (
                    "repeat_penalty" in body and not server.takes_penalty
                ):
                    self._send(422, {"detail": "<b>unexpected</b>"})
                else:
                    with server._lock:  # one model
                        answer = server.complete(body)
                    self._send(200, answer)

            def _fail(self, fault: Any) -> None:
                if fault == "silent":
                    server.closing.wait(60)
                elif fault == "json":
                    self._write(200, b"{half", 5)
                elif fault == "shape":
                    self._send(200, {"choices": [{"text": None}]})
                elif fault == "cut":
                    self._write(200, b'{"choices": [', 4000)
                elif fault == "huge":
                    self._write(200, b" " * (9 << 20), 9 << 20)
                elif fault == "redirect":
                    self._write(302, b"", 0, location="http://192.0.2.1/")
                else:
                    self._send(fault, {"error": "busy"})

            def _send(self, status: int, value: Any) -> None:
                content = json.dumps(value).encode()
                self._write(status, content, len(content))

            def _write(self, status: int, content: bytes, length: int, **headers: str) -> None:
                self.send_response(status)
                for name, value in {"content-length": str(length), "retry-after": server.retry_after, **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(content)
                except OSError:  # a client that has read enough
                    return

            def log_message(self, format: str, *arguments: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> ModelServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


def say(text: str, **more: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Always the same text."""
    return lambda body: {"choices": [{"text": text, "finish_reason": "stop"}], **more}


def chat(answer: str | Callable[[dict[str, Any]], Any], **more: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A chat with the same answer to everything, or with what a function makes of a request: a text, or the fields of the choice."""

    def complete(body: dict[str, Any]) -> dict[str, Any]:
        made = answer(body) if callable(answer) else answer
        choice = made if isinstance(made, dict) else {"message": {"role": "assistant", "content": made}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 100, "completion_tokens": 10}
        return {"model": "big-2026-01", "system_fingerprint": "fp_1", "choices": [choice], "usage": usage, **more}

    return complete


def answer_with(model: Any, tokenizer: Any, *, gives_logprobs: bool = True) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Greedy completions of a decoder; the log-probabilities of the prompt, if they are asked for and given."""
    import torch

    def complete(body: dict[str, Any]) -> dict[str, Any]:
        ids = body["prompt"] if isinstance(body["prompt"], list) else tokenizer(body["prompt"])["input_ids"]
        rows = torch.tensor([ids])
        if body.get("echo") and gives_logprobs:
            with torch.no_grad():
                logprobs = model(rows).logits[0, :-1].float().log_softmax(dim=-1)
            known = [None, *logprobs.gather(1, rows[0, 1:, None])[:, 0].tolist(), -1.0]
            return {"choices": [{"text": "", "finish_reason": "length", "logprobs": {"token_logprobs": known}}]}
        with torch.no_grad():
            written = model.generate(
                rows, attention_mask=torch.ones_like(rows), max_new_tokens=body["max_tokens"], do_sample=False,
                eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
            )[0, len(ids) :].tolist()  # fmt: skip
            ended = bool(written) and written[-1] == tokenizer.eos_token_id
            choice: dict[str, Any] = {
                "text": tokenizer.decode(written, skip_special_tokens=True), "finish_reason": "stop" if ended else "length",
            }  # fmt: skip
        return {"choices": [choice], "usage": {"prompt_tokens": len(ids), "completion_tokens": len(written)}}

    return complete
