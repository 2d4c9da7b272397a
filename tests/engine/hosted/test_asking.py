"""Questions to a host that fails, refuses, and ignores what it is asked for: the form that is found, what is kept, and what is paid."""

from __future__ import annotations

import json
import math
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, chat

from harness.engine.hosted import AnswerCache, CostLimitError, HostedAnswer, HostedAsker, HostedQuestion, HostedSpending, ask_all
from harness.engine.served import ServerClient, parse_base_url
from harness.errors import BenchError
from harness.types import ApiSpec, Example, Task, TokenPrice, Turn

LABELS = ("billing", "shipping")
PRICE = TokenPrice(input_per_million=1000, output_per_million=10_000)  # 0.1 and 0.1: 0.2 for an answer of the server


def make_task(*, chooses: bool) -> Task:
    about: dict[str, Any] = {"kind": "classification", "labels": LABELS, "metrics": ("classification",), "primary": "macro_f1"}
    texts: dict[str, Any] = {"kind": "summarization", "metrics": ("rouge",), "primary": "rougeL", "decode": {"max_new_tokens": 12}}
    return Task(name="t", data={"source": "clinic"}, prompt="{{ input }}\n", **(about if chooses else texts))


def make_questions(count: int, *, chooses: bool) -> list[HostedQuestion]:
    choices = LABELS if chooses else ()
    texts = [f"Where is parcel {i}?" for i in range(count)]
    return [HostedQuestion(Example(f"e{i}", {"input": t}, ("shipping",), choices), (Turn("user", t),)) for i, t in enumerate(texts)]


def open_asker(server: ModelServer, *, chooses: bool = True, cache: AnswerCache | None = None, key: str = "", **spec: Any) -> HostedAsker:
    fields = {"model": "big", "max_concurrency": 2, "price": PRICE, **spec}
    client = ServerClient(f"{server.address}/v1", key=key, sleep=lambda _: None)
    return HostedAsker(
        client, ApiSpec(base_url=f"{server.address}/v1", **fields), make_task(chooses=chooses), LABELS if chooses else (), cache=cache
    )


def answer_all(
    asker: HostedAsker, questions: list[HostedQuestion], *, spending: HostedSpending | None = None, kept: list[Any] | None = None
) -> list[HostedAnswer]:
    kept = [] if kept is None else kept
    kept += asker.find_form(questions[0])[-1:]
    done = {answer.prediction.example_id: answer for answer in kept}
    return ask_all(asker, questions, done=done, spending=spending or HostedSpending(), on_answer=kept.append)


def says_label(body: dict[str, Any]) -> Any:
    """A model with log-probabilities that follows the form it is asked for."""
    if "response_format" in body:
        return json.dumps({"label": "shipping"})
    choice: dict[str, Any] = {"message": {"content": "shipping"}, "finish_reason": "stop"}
    if body.get("logprobs"):
        others = [{"token": "ship", "logprob": math.log(0.75)}, {"token": "bill", "logprob": math.log(0.25)}]
        choice["logprobs"] = {"content": [{"token": "ship", "logprob": math.log(0.75), "top_logprobs": others}]}
    return choice


def without(*fields: str, answer: Callable[[dict[str, Any]], Any] = says_label) -> Callable[[dict[str, Any]], Any]:
    """A host that does not know these fields, and ignores them."""
    return lambda body: answer({name: value for name, value in body.items() if name not in fields})


@pytest.mark.parametrize(
    ("ignored", "form", "requests"),
    [((), "logprobs", 3), (("logprobs",), "constrained", 4), (("logprobs", "response_format"), "parsed", 5)],
)
def test_labels_come_in_the_best_form_that_the_host_follows(ignored: tuple[str, ...], form: str, requests: int) -> None:
    with ModelServer(chat(without(*ignored))) as server:
        asker = open_asker(server)
        answers = answer_all(asker, make_questions(3, chooses=True))
    assert asker.form is not None and asker.form.labels == form
    assert len(server.requests) == requests, "each form that is not followed costs one request"
    assert [answer.prediction.extracted for answer in answers] == ["shipping"] * 3
    likelihoods = [tuple(round(math.exp(value), 6) for value in answer.prediction.label_logprobs) for answer in answers]
    assert likelihoods == [(0.25, 0.75) if form == "logprobs" else ()] * 3


def test_a_refused_form_is_not_an_error() -> None:
    with ModelServer(chat("Shipping.")) as server:
        server.faults = [400, 400, 422]
        asker = open_asker(server)
        answers = answer_all(asker, make_questions(2, chooses=True))
    assert asker.form is not None and asker.form.labels == "parsed"
    assert [answer.prediction.extracted for answer in answers] == ["shipping", "shipping"]


def test_what_a_host_says_about_an_answer_is_kept() -> None:
    with ModelServer(chat({"message": {"content": " A text"}, "finish_reason": "length"})) as server:
        (answer,) = answer_all(open_asker(server, chooses=False, temperature=None, extra={"seed": 1}), make_questions(1, chooses=False))
    assert (answer.model, answer.fingerprint, answer.finish_reason) == ("big-2026-01", "fp_1", "length")
    prediction = answer.prediction
    assert (prediction.output, prediction.finish, prediction.tokens_in, prediction.tokens_out) == ("A text", "length", 100, 10)
    body = server.requests[0]
    assert body["max_tokens"] == 12 and body["seed"] == 1 and "temperature" not in body
    assert body["messages"] == [{"role": "user", "content": "Where is parcel 0?"}]


def test_newer_models_take_another_field_for_the_limit() -> None:
    with ModelServer(chat("A text")) as server:
        server.refuse = lambda body: (400, {"error": "use 'max_completion_tokens'"}) if "max_tokens" in body else None
        asker = open_asker(server, chooses=False)
        answers = answer_all(asker, make_questions(2, chooses=False))
    assert asker.form is not None and asker.form.token_field == "max_completion_tokens"
    assert [answer.prediction.output for answer in answers] == ["A text"] * 2


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, ""),
        ([{"type": "text", "text": "A "}, {"type": "text", "text": "text"}], "A text"),
        ("\x1b[2J<script>\u202e", "\x1b[2J<script>\u202e"),
    ],
)
def test_answers_without_text_in_parts_and_hostile_ones_are_answers(content: Any, text: str) -> None:
    with ModelServer(chat({"message": {"content": content}, "finish_reason": "content_filter"})) as server:
        (answer,) = answer_all(open_asker(server, chooses=False), make_questions(1, chooses=False))
    assert answer.prediction.output == text


@pytest.mark.parametrize("text", ['{"label": "ship', '{"label": "pigeon"}', "[1]", '"shipping"', '{"label": ["shipping"]}'])
def test_a_constrained_answer_that_is_cut_or_not_a_label_counts_as_none(text: str) -> None:
    with ModelServer(chat(text)) as server:
        (answer,) = answer_all(open_asker(server, labels="constrained"), make_questions(1, chooses=True))
    assert answer.prediction.extracted is None and answer.prediction.output == text


def test_a_form_for_which_a_host_reports_an_error_of_its_own_is_left() -> None:
    """As llama-cpp-python's server does for a JSON schema; the same error for the last form ends the cell."""
    with ModelServer(chat(says_label)) as server:
        server.refuse = lambda body: (500, {"error": "literal_error"}) if body.get("logprobs") or "response_format" in body else None
        asker = open_asker(server)
        (answer,) = answer_all(asker, make_questions(1, chooses=True))
        assert asker.form is not None and asker.form.labels == "parsed" and answer.prediction.extracted == "shipping"
        server.refuse = lambda body: (500, {"error": "literal_error"})
        with pytest.raises(BenchError, match="answered with status 500"):
            answer_all(open_asker(server), make_questions(1, chooses=True))


def test_a_request_that_is_refused_for_its_text_counts_as_wrong_and_ten_in_a_row_end_the_cell() -> None:
    with ModelServer(chat("A text")) as server:
        asker = open_asker(server, chooses=False, max_concurrency=1)
        asker.find_form(make_questions(1, chooses=False)[0])
        server.faults = [400]
        answers = ask_all(asker, make_questions(2, chooses=False), done={}, spending=HostedSpending(), on_answer=lambda _: None)
        assert [bool(answer.refusal) for answer in answers] == [True, False] and answers[0].prediction.output == ""
        server.faults, kept = [400] * 99, []
        with pytest.raises(BenchError, match="10 requests in a row were refused"):
            ask_all(asker, make_questions(50, chooses=False), done={}, spending=HostedSpending(), on_answer=kept.append)
    assert len(kept) == 10


@pytest.mark.parametrize("fault", [401, 403, 404, "redirect", "huge"])
def test_after_an_error_that_does_not_pass_nothing_more_is_sent_and_what_came_is_kept(fault: Any) -> None:
    kept: list[HostedAnswer] = []
    with ModelServer(chat("A text")) as server:
        asker = open_asker(server, chooses=False, max_concurrency=1)
        server.faults = [None, None, fault]
        with pytest.raises(BenchError, match="redirects to 'http://192" if fault == "redirect" else "status|more than 8 MiB"):
            answer_all(asker, make_questions(9, chooses=False), kept=kept)
        assert len(server.requests) == 3
    assert [answer.prediction.example_id for answer in kept] == ["e0", "e1"]


def test_the_limit_stops_before_it_could_be_exceeded_and_counts_what_is_under_way() -> None:
    kept: list[HostedAnswer] = []
    with ModelServer(chat("A text")) as server:
        asker = open_asker(server, chooses=False, max_concurrency=4)
        spending = HostedSpending(3.1)
        with pytest.raises(CostLimitError, match=r"of 40 examples are answered"):
            answer_all(asker, make_questions(40, chooses=False), spending=spending, kept=kept)
    assert len(kept) == len(server.requests) and spending.paid <= 3.1 < spending.paid + 0.5


def test_the_limit_holds_although_later_answers_are_much_longer() -> None:
    asked = []

    def complete(body: dict[str, Any]) -> dict[str, Any]:
        asked.append(body)
        written = 1 if len(asked) <= 15 else 12  # as many as may be written
        return chat("A text", usage={"prompt_tokens": 9, "completion_tokens": written})(body)

    with ModelServer(complete) as server:
        asker = open_asker(server, chooses=False, max_concurrency=8, price={"input_per_million": 0, "output_per_million": 1_000_000})
        spending = HostedSpending(50.0)
        with pytest.raises(CostLimitError):
            answer_all(asker, make_questions(80, chooses=False), spending=spending)
    assert 50 - 12 < spending.paid <= 50


def test_the_cache_is_private_and_knows_everything_that_an_answer_depends_on(tmp_path: Path) -> None:
    cache, questions = AnswerCache(tmp_path / "answers"), make_questions(2, chooses=False)
    with ModelServer(chat("A text")) as server:

        def ask(count: int, **spec: Any) -> None:
            before = len(server.requests)
            answers = answer_all(open_asker(server, chooses=False, cache=cache, key="sk-planted", **spec), questions)
            assert len(server.requests) - before == count and [answer.from_cache for answer in answers] == [count == 0] * 2

        ask(2)
        ask(0)
        ask(0, price=None, max_concurrency=1, requests_per_minute=1e6, timeout=5.0)
        ask(2, temperature=1.0)
        ask(2, model="other")
        ask(2, extra={"top_p": 0.5})
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) == 8 and {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(b"planted" not in file.read_bytes() for file in files)
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in tmp_path.rglob("*") if folder.is_dir()} == {0o700}


def test_damaged_and_exchanged_files_of_the_cache_are_not_read(tmp_path: Path) -> None:
    cache, questions = AnswerCache(tmp_path / "answers"), make_questions(3, chooses=False)
    with ModelServer(chat(lambda body: body["messages"][0]["content"])) as server:
        answer_all(open_asker(server, chooses=False, cache=cache), questions)
        first, second, third = sorted(file for file in tmp_path.rglob("*.txt"))
        first.write_bytes(first.read_bytes()[:-9])
        content = second.read_bytes()
        second.write_bytes(third.read_bytes())
        third.write_bytes(content.replace(b"parcel", b"PARCEL"))
        answers = answer_all(open_asker(server, chooses=False, cache=cache), questions)
    assert len(server.requests) == 6
    assert [answer.prediction.output for answer in answers] == [question.turns[0].content for question in questions]


def test_a_key_that_a_host_sends_back_is_shown_nowhere() -> None:
    key = "sk-planted-secret"
    with ModelServer(chat(lambda body: f"your key is {key}", model=key)) as server:
        asker = open_asker(server, chooses=False, key=key, max_concurrency=1)
        (answer,) = answer_all(asker, make_questions(1, chooses=False))
        server.refuse = lambda body: (401, {"error": f"wrong key {key}"})
        with pytest.raises(BenchError) as caught:
            asker.ask(make_questions(1, chooses=False)[0])
    assert key not in repr(answer) + str(caught.value) and "wrong key [key]" in str(caught.value)
    assert server.keys[0] == f"Bearer {key}"


@pytest.mark.parametrize(
    "url", ["http://api.example.com/v1", "ftp://host", "https://host/v1?key=1", "https://hóst/v1", "https://u:p@host/v1", ""]
)
def test_what_is_no_base_url(url: str) -> None:
    with pytest.raises(BenchError, match=r"is not the URL|every network on the way|holds a user"):
        parse_base_url(url)


def test_base_urls() -> None:
    assert parse_base_url("https://API.example.com:8443/openai/v1/") == ("https://api.example.com:8443/openai/v1", "api.example.com")
    assert parse_base_url("http://[::1]:8000/v1") == ("http://[::1]:8000/v1", "::1")
