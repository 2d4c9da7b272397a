"""llama-cpp-python's server with the included model gives the texts and labels that the run gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from llama_server import llama_server

from harness.engine.inference import Predictor
from harness.engine.served import ServerClient, answer_through_server, choose_form
from harness.types import Example, Strategy, Task

pytestmark = pytest.mark.soak
TEXTS = {"kind": "summarization", "metrics": ("rouge",), "primary": "rougeL", "decode": {"max_new_tokens": 12}}
LABELS = {"kind": "classification", "metrics": ("classification",), "primary": "macro_f1", "labels": ("cough", "fever", "headache")}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerClient]:
    with llama_server(tmp_path_factory.mktemp("llama")) as client:
        yield client


@pytest.mark.parametrize("options", [TEXTS, LABELS], ids=lambda options: options["kind"])
def test_llama_cpp_answers_as_the_run_does(client: ServerClient, loaded: Any, options: dict[str, Any]) -> None:
    task = Task(name="t", data={"source": "clinic"}, prompt="{{ input }}\n", **options)
    predictor = Predictor(task, Strategy(name="base", method="prompt"), loaded, task.labels)
    words = ("a cough", "fever", "a headache and fever")
    examples = [Example(f"e{i}", {"input": f"Patient {i} has {words[i % 3]} since Monday."}, ("cough",), task.labels) for i in range(6)]
    pairs = list(zip(examples, predictor.prompts(examples), strict=True))
    model = client.find_model(None)
    form = choose_form(client, model, predictor, pairs[0][1])
    answers = answer_through_server(client, form, model, predictor, pairs, at_once=2, done={}, on_answer=lambda answer: None)
    assert not form.sends_ids, "it takes texts alone, and answers to ids with an error of its own"
    if not task.chooses:
        assert [answer.prediction.answer for answer in answers] == [prediction.answer for prediction in predictor.predict(examples)]
        assert [answer.prompt_tokens for answer in answers] == [len(prompt.ids) for _, prompt in pairs]
    else:
        assert form.labels == "parsed", "it gives no log-probabilities of a prompt that is sent as text"
        assert {answer.prediction.extracted for answer in answers} <= {*task.labels, None}
