"""A run with a hosted model, from the command line to the report: consent, limits, failures, resumption, and a key that is nowhere."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from in_process import call_main
from model_server import ModelServer, chat

import harness
from harness.api import predict
from harness.errors import BenchError
from harness.reporting import note_sentence
from harness.results import StrategyResult

KEY = "sk-planted-secret"
ROWS = [{"id": f"e{i}", "text": f"Where is parcel {i}? Call Mary Miller.", "label": ("shipping", "billing")[i % 5 == 0]} for i in range(40)]


@pytest.fixture
def page() -> None:
    """For tests that need the report, which takes a second."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[ModelServer]:
    """A host that knows the right answer to three of four questions, in a folder with a task for it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THE_KEY", KEY)
    monkeypatch.setattr("harness.cache._Choice.folder", tmp_path / "cache")
    if "page" not in request.fixturenames:
        monkeypatch.setattr("harness.api.requested_runs._write_report", lambda run: None)
    Path("rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS), encoding="utf-8")
    Path("parcels.yaml").write_text(
        "name: parcels\nkind: classification\nprompt: '{{ text }}'\nlabels: [shipping, billing]\n"
        "data: {path: rows.jsonl, fields: {text: text, target: label, id: id}, split: {train: 0.4, validation: 0.1, test: 0.5}}\n",
        encoding="utf-8",
    )
    with ModelServer(chat(lambda body: "shipping" if "parcel 7" not in body["messages"][0]["content"] else "no idea")) as running:
        declare(running)
        yield running


def declare(server: ModelServer, **fields: Any) -> None:
    api = {
        "base_url": f"{server.address}/v1", "model": "big", "api_key_env": "THE_KEY", "max_concurrency": 2, "labels": "parsed",
        "price": {"input_per_million": 1000, "output_per_million": 10_000},
    } | fields  # fmt: skip
    strategy = {"name": "incumbent", "method": "api", "api": {name: value for name, value in api.items() if value is not None}}
    Path("incumbent.yaml").write_text(json.dumps(strategy), encoding="utf-8")


def only(done: harness.Run) -> StrategyResult:
    (strategy,) = done.stored.by_task["parcels"].strategies
    return strategy


def run(**more: Any) -> harness.Run:
    return harness.run("parcels.yaml", "api:incumbent.yaml", base=False, send_to="127.0.0.1", **more)


def test_the_answers_of_a_host_are_scored_priced_and_stored_like_all_others(server: ModelServer) -> None:
    done = run()
    (cell,) = done.stored.cells
    files = done.stored.folder.cell(cell.id)
    result = files.result()
    assert result.hosted is not None and (result.hosted.answers, result.hosted.versions) == (20, (("big-2026-01", 20),))
    (cost,) = result.costs
    assert cost.seconds == 0 and cost.price == pytest.approx(20 * 0.2) and result.hosted.paid == pytest.approx(20 * 0.2)
    strategy = only(done)
    assert strategy.costs is not None and strategy.costs.thousand_price == pytest.approx(200)
    records = [json.loads(line) for line in (files.path / "answers.jsonl").read_text().splitlines()]
    assert [record["id"] for record in records] == [each.example_id for each in files.predictions()]
    kept = ("model", "system_fingerprint", "finish_reason", "prompt_tokens", "completion_tokens", "cached")
    assert {tuple(record[name] for name in kept) for record in records} == {("big-2026-01", "fp_1", "stop", 100, 10, False)}
    assert len(server.requests) == 20 and set(server.keys) == {f"Bearer {KEY}"}


def test_no_file_and_no_message_has_the_key_and_all_answers_are_private(server: ModelServer, tmp_path: Path, page: None) -> None:
    server.complete = chat(lambda body: f"shipping {KEY}", model=KEY, system_fingerprint=KEY)
    run()
    server.refuse = lambda body: (401, {"error": f"{KEY} is wrong"})
    with pytest.raises(BenchError) as caught:
        run(new=True, reuse=False)
    assert KEY not in str(caught.value)
    assert list(tmp_path.rglob("report.html"))
    assert [file for file in tmp_path.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()] == []
    private = [*(tmp_path / "cache" / "answers").rglob("*.txt"), *tmp_path.rglob("answers.jsonl")]
    assert len(private) == 21 and {stat.S_IMODE(file.stat().st_mode) for file in private} == {0o600}


def test_a_host_that_fails_is_shown_at_once_and_not_when_all_attempts_are_used_up(server: ModelServer) -> None:
    failures = [(503, {"error": f"{KEY} is out of capacity"})] * 2
    server.refuse, server.retry_after = lambda body: failures.pop() if failures else None, "0.01"
    arguments = ["run", "--task", "parcels.yaml", "--strategies", "api:incumbent.yaml", "--no-base", "--send-to", "127.0.0.1"]
    code, _, err = call_main(arguments, here=Path.cwd(), env={"THE_KEY": KEY})
    assert code == 0 and KEY not in err
    line, *_ = [line for line in err.splitlines() if "out of capacity" in line]  # the second is shown if it comes seconds later
    assert line.startswith("parcels · incumbent") and "the host answered with status 503" in line
    assert '"[key] is out of capacity"' in line and line.endswith("Attempt 2 of 8 in 1 s")


def test_nothing_is_sent_to_a_host_that_the_user_does_not_name(server: ModelServer) -> None:
    arguments = ["run", "--task", "parcels.yaml", "--strategies", "api:incumbent.yaml", "--no-base"]
    code, _, err = call_main(arguments, here=Path.cwd(), env={})
    assert code == 2 and server.requests == [] and server.keys == []
    assert "would send 20 prompts, and the key in THE_KEY, to 127.0.0.1" in err and "20 NAME" in err and "--send-to 127.0.0.1" in err
    assert not Path("runs").exists()
    with pytest.raises(BenchError, match="no strategy of this run asks this host"):
        harness.run("parcels.yaml", "api:incumbent.yaml", base=False, send_to=["127.0.0.1", "api.example.com"])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"api_key_env": "NO_SUCH_KEY"}, "'NO_SUCH_KEY', which should hold the key of the server, is not set"),
        ({"api_key_env": "TWO_LINES"}, "'TWO_LINES' holds a space, a line break"),
        ({"price": {"input_per_million": 1, "output_per_million": 1, "currency": "EUR"}}, "is EUR, but this run counts in USD"),
        ({"price": None}, "has no price, so that max_cost=5 cannot stop it"),
        ({"base_url": "http://127.0.0.1:9/v1"}, "could not be reached"),
        ({"base_url": "http://api.example.com/v1"}, "every network on the way can read"),
    ],
)
def test_what_is_wrong_with_a_host_is_found_before_anything_is_sent(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], message: str
) -> None:
    monkeypatch.setenv("TWO_LINES", f"{KEY}\n{KEY}")
    monkeypatch.setattr("harness.engine.served.client._FIRST_WAIT", 0.0)
    declare(server, **fields)
    with pytest.raises(BenchError) as caught:
        run(max_cost=5)
    assert message in str(caught.value) and KEY not in str(caught.value) and server.requests == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "base"}, "'base' is the name of the untuned model"),
        ({"api": {"extra": {"api_key": "x"}}}, "put a key into an environment variable"),
        ({"api": {"extra": {"messages": []}}}, "'messages' is decided by the other fields"),
        ({"api": {"price": {"input_per_million": -1, "output_per_million": 1}}}, "api.price.input_per_million"),
        ({"quantization": {}}, "method 'api' has no weights to quantize"),
        ({"method": "prompt"}, "method 'prompt' takes no 'api'"),
    ],
)
def test_a_strategy_that_cannot_be_asked_is_refused_with_its_field(server: ModelServer, fields: dict[str, Any], message: str) -> None:
    strategy = json.loads(Path("incumbent.yaml").read_text())
    Path("incumbent.yaml").write_text(json.dumps(strategy | fields | {"api": strategy["api"] | fields.get("api", {})}))
    with pytest.raises(BenchError, match=message):
        run()


@pytest.mark.soak
def test_a_refused_first_question_ends_the_run_and_the_same_call_continues(server: ModelServer) -> None:
    server.refuse = lambda body: (404, {"error": "no model 'big'"})
    with pytest.raises(BenchError, match=r"strategy 'incumbent': .*status 404.*no model"):
        run()
    server.refuse = lambda body: None
    assert run().complete and len(server.requests) == 21


def test_a_host_that_fails_in_the_middle_leaves_a_cell_without_a_result_and_nothing_is_asked_twice(server: ModelServer) -> None:
    server.faults = [None] * 7 + [403] * 2
    declare(server, cache=False, max_concurrency=1)
    stopped = run()
    assert not stopped.complete and only(stopped).scores == {}
    (problem,) = only(stopped).problems
    assert problem.error is not None and "7 of 20 examples are answered" in problem.error and "status 403" in problem.error
    server.faults = []
    resumed = run()
    assert resumed.complete and resumed.path == stopped.path
    asked = [body["messages"][0]["content"] for body in server.requests]
    assert len(asked) == 21 and len(set(asked)) == 20, "only the refused one was asked again"


@pytest.mark.soak
def test_damaged_answers_of_an_unfinished_cell_are_asked_for_again(server: ModelServer) -> None:
    server.faults = [None] * 7 + [403] * 2
    declare(server, cache=False, max_concurrency=1)
    run()
    (kept,) = Path("runs").rglob("answers.txt")
    lines = kept.read_text().splitlines()
    lines[1] = lines[1].replace("shipping", "billing")
    kept.write_text("\n".join([*lines[:-1], lines[-1][:-20]]))
    server.faults = []
    assert run().complete
    asked = [body["messages"][0]["content"] for body in server.requests]
    assert len(asked) == 20 + 1 + 2 and len(set(asked)) == 20, "the refused one and two damaged ones"


@pytest.mark.soak
def test_a_host_that_answers_with_another_model_is_noticed(server: ModelServer) -> None:
    server.complete = chat("shipping", model="small-2026")
    codes = [note.code for _, note in only(run()).notes]
    assert "another_model" in codes
    assert all(note.code != "another_model" for _, note in only(_with_model(server, "org/Big")).notes)


def _with_model(server: ModelServer, name: str) -> harness.Run:
    server.complete = chat("shipping", model="big-2026-01-31")
    declare(server, model=name)
    return run()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.parametrize("at", [pytest.param(1, marks=pytest.mark.soak), 8])
def test_a_killed_run_asks_no_answered_question_again(server: ModelServer, at: int) -> None:
    declare(server, cache=False, max_concurrency=1)
    answer, child = server.complete, 0

    def kill(body: dict[str, Any]) -> dict[str, Any]:
        """When the question arrives, all answers before it have been kept."""
        if len(server.requests) == at:
            os.kill(child, signal.SIGKILL)
        return answer(body)

    server.complete = kill
    child = os.fork()
    if not child:
        try:
            run()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    server.complete = answer
    done = run()
    assert done.complete and len(list(Path("runs").iterdir())) == 1
    asked = [body["messages"][0]["content"] for body in server.requests]
    assert len(asked) == 21 and len(set(asked)) == 20, "only the question without an answer"


def test_the_limit_of_costs_stops_and_a_higher_one_continues_and_counts_what_was_paid(server: ModelServer) -> None:
    declare(server, cache=False)
    stopped = run(max_cost=1.5)
    assert not stopped.complete and 2 <= len(server.requests) <= 7
    before = len(server.requests)
    assert not run(max_cost=1.5).complete and len(server.requests) == before, "what was paid before counts"
    done = run(max_cost=50)
    assert done.complete and len(server.requests) == 20
    (cell,) = done.stored.cells
    assert done.stored.results[cell.id].hosted.paid == pytest.approx(4.0)  # type: ignore[union-attr]


def test_a_second_run_pays_nothing_and_says_so(server: ModelServer) -> None:
    run()
    declare(server, price={"input_per_million": 2000, "output_per_million": 10_000})
    again = run(new=True)
    assert len(server.requests) == 20
    strategy = only(again)
    assert strategy.costs is not None and strategy.costs.thousand_price == pytest.approx(300), "at the price of today"


@pytest.mark.soak
def test_the_cache_serves_a_changed_task_and_can_be_switched_off(server: ModelServer) -> None:
    run()
    task = Path("parcels.yaml").read_text()
    Path("parcels.yaml").write_text(task + "description: other\nmetrics: [classification, probabilities]\nprimary: accuracy\n")
    cached = run()
    assert len(server.requests) == 20
    strategy = only(cached)
    assert any("20 of 20 answers are from the cache" in note_sentence(note) for _, note in strategy.notes)
    run(new=True, reuse=False)
    assert len(server.requests) == 40


def test_repeats_are_seeds_whose_spread_is_measured(server: ModelServer) -> None:
    count = iter(range(10_000))
    server.complete = chat(lambda body: ("shipping", "billing")[next(count) % 3 == 0])
    declare(server, repeats=3, max_concurrency=1)
    done = run()
    strategy = only(done)
    assert strategy.seeds == (0, 1, 2) and len(server.requests) == 60
    outputs = [[each.answer for each in strategy.predictions(cell)] for cell in strategy.done]
    assert outputs[0] != outputs[1]
    assert "seeds" in strategy.scores["accuracy"].method


@pytest.mark.soak
def test_shots_are_turns_before_the_question(server: ModelServer) -> None:
    strategy = json.loads(Path("incumbent.yaml").read_text()) | {"shots": 2, "prompt": "Sort: {{ text }}"}
    Path("incumbent.yaml").write_text(json.dumps(strategy))
    run()
    messages = server.requests[0]["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user", "assistant", "user"]
    assert {messages[1]["content"], messages[3]["content"]} == {"shipping", "billing"} and messages[4]["content"].startswith("Sort: ")


def test_a_model_is_not_scored_on_its_own_outputs_and_others_agree_with_it(server: ModelServer) -> None:
    Path("parcels.yaml").write_text(Path("parcels.yaml").read_text().replace("data: {", "data: {targets_from: incumbent, "))
    with pytest.raises(BenchError, match=r"data\.targets_from: the targets are outputs of 'incumbent', which agrees with itself"):
        run()
    Path("incumbent.yaml").write_text(Path("incumbent.yaml").read_text().replace('"incumbent"', '"rival"'))
    done = run()
    assert done.stored.plan.tasks["parcels"].report.labels["accuracy"] == "Agreement with incumbent (accuracy)"
    conditions = {reason.code for reason in done.decision("parcels").reasons}
    assert "targets_not_independent" in conditions


def test_what_no_host_can_do_is_refused_with_the_reason(server: ModelServer) -> None:
    declare(server, repeats=2)
    done = run()
    with pytest.raises(BenchError, match="is a hosted model: its weights are not here"):
        predict(done, "incumbent", "rows.jsonl")
    with pytest.raises(BenchError, match=r"method 'lora|has method 'peft', not 'api'"):
        harness.run("parcels.yaml", "api:lora", base=False)
