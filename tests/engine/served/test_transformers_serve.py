"""`transformers serve` with the shipped model gives the texts that the run gives. It needs the packages of `transformers[serving]`."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_for_models

from harness.engine.inference import Predictor
from harness.engine.models import resolve_model
from harness.engine.served import ServerClient, answer_through_server, choose_form
from harness.types import Example, Strategy, Task

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    for package in ("openai", "uvicorn", "fastapi"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "transformers"), "serve", str(resolve_model("tiny").folder)]
    log = (tmp_path_factory.mktemp("serve") / "log.txt").open("w")
    with subprocess.Popen([*command, "--port", str(port), "--device", "cpu", "--dtype", "float32"], stdout=log, stderr=log) as server:
        yield f"http://localhost:{port}"
        server.terminate()


def test_transformers_serve_answers_as_the_run_does(address: str, loaded: Any) -> None:
    task = Task(
        name="t", kind="summarization", data={"source": "clinic"}, prompt="{{ input }}\n", metrics=("rouge",), primary="rougeL",
        decode={"max_new_tokens": 12},
    )  # fmt: skip
    predictor = Predictor(task, Strategy(name="base", method="prompt"), loaded)
    examples = [Example(f"e{i}", {"input": f"Patient {i} has a cough since Monday."}, ("x",)) for i in range(6)]
    pairs = list(zip(examples, predictor.prompts(examples), strict=True))
    client = ServerClient(f"{address}/v1")
    wait_for_models(client)
    model = client.find_model(None)
    form = choose_form(client, model, predictor, pairs[0][1])
    assert not form.sends_ids, "it takes texts alone"
    answers = answer_through_server(client, form, model, predictor, pairs, at_once=2, done={}, on_answer=lambda answer: None)
    assert [answer.prediction.answer for answer in answers] == [prediction.answer for prediction in predictor.predict(examples)]
    assert [answer.prompt_tokens for answer in answers] == [len(prompt.ids) for _, prompt in pairs]
