"""A server that has the run's own model answers as the run does; what it cannot take or give changes how it is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from model_server import ModelServer, answer_with, say

from harness.engine.inference import Predictor
from harness.engine.served import RequestForm, ServedAnswer, ServerClient, answer_through_server, choose_form
from harness.engine.served.request_forms import find_label
from harness.errors import BenchError
from harness.types import Example, Strategy, Task

TEXTS = ["Patient has a cough.", "The knee hurts since Monday.", "No fever, takes ibuprofen.", "Refill please."]
LABELS = ("routine", "urgent care", "urgent")


def make_predictor(loaded: Any, *, chooses: bool = False) -> Predictor:
    about = {"kind": "classification", "labels": LABELS, "metrics": ("classification",), "primary": "macro_f1"}
    texts = {"kind": "summarization", "metrics": ("rouge",), "primary": "rougeL", "decode": {"max_new_tokens": 12}}
    task = Task(name="t", data={"source": "clinic"}, prompt="{{ input }}\n", **(about if chooses else texts))
    return Predictor(task, Strategy(name="base", method="prompt"), loaded, LABELS if chooses else ())


def make_pairs(predictor: Predictor) -> list[Any]:
    examples = [Example(f"e{i}", {"input": text}, (LABELS[0],), predictor.labels) for i, text in enumerate(TEXTS)]
    return list(zip(examples, predictor.prompts(examples), strict=True))


def ask_all(server: ModelServer, predictor: Predictor, *, at_once: int = 2, done: Any = None, kept: Any = None) -> tuple[RequestForm, Any]:
    pairs, client = make_pairs(predictor), ServerClient(server.address, sleep=lambda _: None)
    form = choose_form(client, "tuned", predictor, pairs[0][1])
    keep = (kept if kept is not None else []).append
    return form, answer_through_server(client, form, "tuned", predictor, pairs, at_once=at_once, done=done or {}, on_answer=keep)


@pytest.mark.parametrize(("takes_ids", "takes_penalty"), [(True, True), (False, True), (False, False)])
def test_the_same_model_gives_the_same_texts_in_every_form(loaded: Any, takes_ids: bool, takes_penalty: bool) -> None:
    predictor = make_predictor(loaded)
    pairs = make_pairs(predictor)
    expected = predictor.predict([example for example, _ in pairs])
    complete = answer_with(loaded.model, loaded.tokenizer)
    with ModelServer(complete, takes_ids=takes_ids, takes_penalty=takes_penalty) as server:
        form, answers = ask_all(server, predictor)
    assert (form.sends_ids, form.has_penalty) == (takes_ids, takes_penalty)
    assert [answer.prediction.answer for answer in answers] == [prediction.answer for prediction in expected]
    assert [answer.prediction.finish for answer in answers] == [prediction.finish for prediction in expected]
    assert [answer.prompt_tokens for answer in answers] == [len(prompt.ids) for _, prompt in pairs]
    assert {body["temperature"] for body in server.requests} == {0}
    assert sorted(answer.at_once for answer in answers) == [1, 1, 2, 2]


def test_labels_are_chosen_by_the_servers_log_probabilities_as_the_run_chooses_them(loaded: Any) -> None:
    predictor = make_predictor(loaded, chooses=True)
    expected = predictor.predict([example for example, _ in make_pairs(predictor)])
    with ModelServer(answer_with(loaded.model, loaded.tokenizer)) as server:
        form, answers = ask_all(server, predictor)
    assert form.labels == "logprobs"
    for answer, prediction in zip(answers, expected, strict=True):
        assert answer.prediction.output == prediction.output
        assert answer.prediction.label_logprobs == pytest.approx(prediction.label_logprobs, abs=1e-3)


def test_without_log_probabilities_labels_are_read_from_the_text(loaded: Any) -> None:
    predictor = make_predictor(loaded, chooses=True)
    with ModelServer(say(" Urgent care\nbecause")) as server:
        form, answers = ask_all(server, predictor)
    assert form.labels == "parsed" and {answer.prediction.extracted for answer in answers} == {"urgent care"}
    with ModelServer(say("<i>no idea</i>")) as server:
        _, answers = ask_all(server, predictor)
    assert {answer.prediction.extracted for answer in answers} == {None}


@pytest.mark.parametrize(
    ("text", "label"),
    [("urgent", "urgent"), ("Urgent care.", "urgent care"), ("  routine\n", "routine"), ("not urgent", None), ("", None)],
)
def test_the_label_in_a_text(text: str, label: str | None) -> None:
    assert find_label(text, LABELS) == label


def test_answers_are_kept_until_a_failure_and_not_asked_for_again(loaded: Any) -> None:
    predictor = make_predictor(loaded)
    kept: list[ServedAnswer] = []
    with ModelServer(say("text")) as server:
        real = server.complete
        server.complete = lambda body: real(body) if len(server.requests) < 4 else {"no": "completion"}
        with pytest.raises(BenchError, match="without a text, 5 times"):
            ask_all(server, predictor, at_once=1, kept=kept)
        assert len(kept) == 2, "the form was tried first"
        server.complete, server.requests = real, []
        done = {answer.prediction.example_id: replace(answer, seconds=9.0) for answer in kept}
        _, answers = ask_all(server, predictor, at_once=1, done=done)
        assert [answer.seconds == 9.0 for answer in answers] == [True, True, False, False]
        assert len(server.requests) == 3


def test_a_server_that_reports_an_error_of_its_own_for_ids_gets_texts(loaded: Any) -> None:
    """As llama-cpp-python's does. An error that lasts is one of the server."""
    predictor = make_predictor(loaded)
    with ModelServer(say("text")) as server:
        server.faults = [500, 500]
        form, _ = ask_all(server, predictor)
        assert (form.sends_ids, form.has_penalty) == (False, True)
        server.faults = [500] * 9
        with pytest.raises(BenchError, match="answered with status 500, 5 times"):
            ask_all(server, predictor)


def test_a_server_that_refuses_every_form_is_one_error(loaded: Any) -> None:
    predictor = make_predictor(loaded)
    with ModelServer(say("")) as server:
        server.faults = [400, 400, 400]
        with pytest.raises(BenchError, match="refused the request with status 400"):
            ask_all(server, predictor)
        server.faults = [403]
        with pytest.raises(BenchError, match="status 403"):
            ask_all(server, predictor)
