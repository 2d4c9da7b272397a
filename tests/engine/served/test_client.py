"""A server that fails: what is tried again, what is refused, and what is never sent or followed."""

from __future__ import annotations

import httpx
import pytest
from model_server import ModelServer, say

from harness.engine.served import FailedAttempt, Pace, ServerClient, ServerRefusalError, parse_address
from harness.errors import BenchError

BODY = {"model": "tuned", "prompt": "x", "max_tokens": 1}


def test_failures_that_may_pass_are_tried_again_with_growing_waits() -> None:
    waits: list[float] = []
    with ModelServer(say("done", usage={"prompt_tokens": 3, "completion_tokens": 1})) as server:
        client = ServerClient(server.address, sleep=waits.append, jitter=lambda: 0.0, pace=Pace(clock=lambda: sum(waits)))
        server.faults = [500, "cut", "json", "shape"]
        completion = client.complete(BODY)
        client.close()
    assert (completion.text, completion.tokens_in, completion.was_cut) == ("done", 3, False)
    assert client.retries == 4 and len(server.requests) == 5
    assert waits == [7.0, 1.0, 2.0, 4.0], "the server asked for 7 seconds once"


@pytest.mark.parametrize(
    ("fault", "advice"),
    [(429, r"set api\.requests_per_minute lower"), *((fault, "Is the server running") for fault in (503, "cut", "json", "shape"))],
)
def test_a_server_that_keeps_failing_is_given_up(fault: object, advice: str) -> None:
    with ModelServer(say("never")) as server:
        server.faults = [fault] * 9
        with pytest.raises(BenchError, match=rf"5 times\. .*{advice}"):
            ServerClient(server.address, sleep=lambda _: None).complete(BODY)
        assert len(server.requests) == 5


def test_a_silent_server_ends_with_the_time() -> None:
    with ModelServer(say("never")) as server:
        server.faults = ["silent"] * 9
        with pytest.raises(BenchError, match=r"did not answer within 0\.05 s, 5 times"):
            ServerClient(server.address, timeout=0.05, sleep=lambda _: None).complete(BODY)


@pytest.mark.parametrize(
    ("fault", "message"), [(401, "status 401"), (404, "status 404"), ("redirect", "status 302"), ("huge", "more than 8 MiB")]
)
def test_what_repeating_does_not_help_is_an_error_at_once(fault: object, message: str) -> None:
    with ModelServer(say("never")) as server:
        server.faults = [fault]
        with pytest.raises(BenchError, match=message):
            ServerClient(server.address).complete(BODY)
        assert len(server.requests) == 1, "and a redirect is not followed"


def test_a_refusal_tells_the_reason_of_the_server_in_one_line() -> None:
    with ModelServer(say("never"), takes_penalty=False) as server, pytest.raises(ServerRefusalError, match="unexpected") as caught:
        ServerClient(server.address).complete(BODY | {"repeat_penalty": 1.0})
    assert caught.value.status == 422


def test_nothing_listens() -> None:
    with ModelServer(say("")) as server:
        address = server.address
    with pytest.raises(BenchError, match="could not be reached"):
        ServerClient(address, sleep=lambda _: None).find_model(None)


def test_the_model_is_the_only_one_or_the_named_one() -> None:
    with ModelServer(say(""), models=("one", "two")) as server:
        client = ServerClient(server.address)
        assert client.find_model("two") == "two"
        with pytest.raises(BenchError, match=r"has no model 'three'. Models there: one, two"):
            client.find_model("three")
        with pytest.raises(BenchError, match=r"has 2 models \(one, two\)"):
            client.find_model(None)
        server.models = ("one",)
        assert client.find_model(None) == "one"


def test_the_key_is_sent_to_the_server_and_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:9")  # would not answer
    with ModelServer(say("")) as server:
        client = ServerClient(server.address, key="sk-secret", sleep=lambda _: None)
        client.complete(BODY)
        server.faults = [401]
        with pytest.raises(BenchError) as caught:
            client.complete(BODY)
    assert server.keys == ["Bearer sk-secret"] * 2 and "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"), ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000"),
        ("https://models.example", "https://models.example"), ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)  # fmt: skip
def test_addresses(url: str, address: str) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000", "ftp://host", "http://", "http://host/other", "http://host?key=1", "http://host:port"]
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(BenchError, match="is not the URL of a server"):
        parse_address(url)


def test_a_key_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(BenchError, match="put a key into an environment variable") as caught:
        parse_address("http://user:sk-secret@host")
    assert "secret" not in str(caught.value)


def test_a_failure_is_reported_before_the_wait_without_the_key_and_without_control_characters() -> None:
    seen: list[object] = []
    answers = [httpx.Response(429, content=b"quota of sk-secret\x1b[2J is\nused up " + b"x" * 9000, headers={"retry-after": "20"})]
    answers += [httpx.Response(503)] * 2
    client = ServerClient(
        "http://127.0.0.1:1/v1", key="sk-secret", attempts=3, sleep=seen.append, jitter=lambda: 0.0, on_failure=seen.append,
        pace=Pace(clock=lambda: 0.0), transport=httpx.MockTransport(lambda request: answers.pop(0)),
    )  # fmt: skip
    with pytest.raises(BenchError, match=r"answered with status 503, 3 times"):
        client.chat({})
    first, paused, second, *waits = seen
    assert isinstance(first, FailedAttempt) and (first.attempt, first.attempts, first.wait, paused) == (2, 3, 20.0, 20.0)
    assert first.problem.startswith("answered with status 429: quota of [key]⟦U+001B⟧[2J is used up xxx") and len(first.problem) < 400
    assert second == FailedAttempt("answered with status 503", 3, 3, 1.0) and waits[0] == 1.0


def test_the_last_error_says_what_the_server_answered() -> None:
    answer = httpx.Response(503, content=b"the model is being loaded")
    client = ServerClient("http://127.0.0.1:1", attempts=2, sleep=lambda s: None, transport=httpx.MockTransport(lambda request: answer))
    with pytest.raises(BenchError, match=r"status 503, 2 times\. .* The last answer: the model is being loaded"):
        client.chat({})
