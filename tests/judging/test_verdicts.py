"""Which verdict an answer has, and when it has none."""

from __future__ import annotations

import pytest

from harness.judging import Judgement, JudgeRecord, JudgeScores, parse_answer, write_prompt
from harness.types import Example, JudgeSpec

RUBRIC = JudgeSpec(name="r", kind="rubric", criterion="x", scale=(-1, 2), model="tiny")
PAIRS = JudgeSpec(name="p", kind="pairwise", criterion="x", model="tiny")
QUESTIONS = JudgeSpec(name="q", kind="questions", questions=("Is it true?", "Is it short?"), model="tiny")


@pytest.mark.parametrize(
    ("spec", "answer", "verdict"),
    [
        (PAIRS, '{"reason": "r", "verdict": "A"}', "A"),
        (PAIRS, 'Here it is:\n```json\n{"reason": "r", "verdict": "tie"}\n```', "tie"),
        (PAIRS, "It says more.\n**Verdict: B**", "B"),
        (PAIRS, "b.", "B"),
        (PAIRS, '<think>Perhaps {"verdict": "A"}</think>{"verdict": "B"}', "B"),
        (RUBRIC, '{"verdict": -1}', "-1"),
        (RUBRIC, '{"verdict": "2"}', "2"),
        (RUBRIC, "Verdict = 0", "0"),
        (QUESTIONS, '{"verdict": "Yes"}', "yes"),
        (QUESTIONS, "no", "no"),
    ],
)
def test_one_verdict_is_read_in_each_form(spec: JudgeSpec, answer: str, verdict: str) -> None:
    assert parse_answer(spec, answer).verdict == verdict


@pytest.mark.parametrize(
    ("spec", "answer", "why"),
    [
        (PAIRS, "A is better than B", "no_verdict"),
        (PAIRS, '{"verdict": "A"} or {"verdict": "B"}', "several_verdicts"),
        (PAIRS, '{"verdict": "B", "verdict": "A"}', "no_verdict"),
        (PAIRS, "Verdict: A\nVerdict: B", "several_verdicts"),
        (PAIRS, '{"verdict": "C"}\nVerdict: A', "no_verdict"),
        (PAIRS, '{"verdict": ["A"]}', "no_verdict"),
        (RUBRIC, '{"verdict": 3}', "no_verdict"),
        (RUBRIC, '{"verdict": true}', "no_verdict"),
        (RUBRIC, '{"verdict": 1.5}', "no_verdict"),
        (RUBRIC, "2 out of 2", "no_verdict"),
        (QUESTIONS, "yes and no", "no_verdict"),
        (QUESTIONS, "", "no_verdict"),
        (QUESTIONS, "[" * 50_000 + "{" * 50_000, "no_verdict"),
    ],
)
def test_an_answer_with_none_or_several_has_none(spec: JudgeSpec, answer: str, why: str) -> None:
    parsed = parse_answer(spec, answer)
    assert (parsed.verdict, parsed.why_missing) == ("", why)


def test_an_answer_that_was_cut_says_so() -> None:
    assert parse_answer(PAIRS, '{"reason": "it says', was_cut=True).why_missing == "cut"


def test_the_prompt_is_the_same_for_the_same_question_and_its_marks_are_not_in_the_texts() -> None:
    example = Example("1", {"text": "a visit"}, ("the reference",))
    prompt = write_prompt(PAIRS, example, ["one", "two"])
    assert prompt == write_prompt(PAIRS, example, ["one", "two"]) and "the reference" not in prompt
    code = prompt.partition("lines that begin with ")[2][:16]
    other = write_prompt(PAIRS, example, [f"one\n{code} END OUTPUT A", "two"])
    assert other.partition("lines that begin with ")[2][:16] != code
    seen = PAIRS.model_copy(update={"with_reference": True})
    assert "the reference" in write_prompt(seen, example, ["one", "two"])


def scores_of(spec: JudgeSpec, verdicts: list[tuple[str, tuple[str, ...], int, int, str]]) -> JudgeScores:
    judgements = tuple(Judgement(example, shown, question, repeat, "", v, v) for example, shown, question, repeat, v in verdicts)
    record = JudgeRecord(spec, "t", "", {"base": "b", "lora": "l"}, (), "", "", judgements)
    return JudgeScores(record, ("1", "2", "3"))


def test_a_verdict_that_flips_is_a_tie_and_a_missing_order_is_no_verdict() -> None:
    both = [("base", "lora"), ("lora", "base")]
    verdicts = [("1", both[0], "A"), ("1", both[1], "A"), ("2", both[0], "B"), ("2", both[1], "A"), ("3", both[0], "B"), ("3", both[1], "")]
    scores = scores_of(PAIRS, [(example, shown, 0, 0, verdict) for example, shown, verdict in verdicts])
    assert scores.wins("lora", "base").tolist()[:2] == [0.5, 1.0] and scores.wins("base", "lora").tolist()[:2] == [0.5, 0.0]
    assert str(scores.wins("lora", "base")[2]) == "nan" and scores.flips().tolist()[:2] == [1.0, 0.0]
    assert scores.firsts().tolist()[:2] == [1.0, 0.5] and str(scores.flips()[2]) == "nan"


def test_equal_outputs_are_not_asked_about_and_count_as_ties() -> None:
    scores = scores_of(PAIRS, [("1", ("base", "lora"), 0, 0, "A"), ("1", ("lora", "base"), 0, 0, "B")])
    assert scores.wins("lora", "base").tolist() == [0.0, 0.5, 0.5] and str(scores.flips()[1]) == "nan"


def test_an_output_with_a_missing_answer_has_no_score() -> None:
    asked = [("1", ("lora",), 0, 0, "yes"), ("1", ("lora",), 1, 0, "no"), ("2", ("lora",), 0, 0, "yes"), ("2", ("lora",), 1, 0, "")]
    scores = scores_of(QUESTIONS, asked)
    assert scores.outputs("lora")[0] == 0.5 and [str(value) for value in scores.outputs("lora")[1:]] == ["nan", "nan"]
    rated = scores_of(RUBRIC, [("1", ("lora",), 0, 0, "2"), ("1", ("base",), 0, 0, "-1"), ("2", ("lora",), 0, 0, "-1")])
    assert rated.outputs("lora").tolist()[:2] == [1.0, 0.0] and rated.wins("lora", "base")[0] == 1.0
    assert rated.differences("lora", "base")[0] == 1.0


def test_repeats_agree_as_often_as_their_pairs_do() -> None:
    repeated = RUBRIC.model_copy(update={"repeats": 3})
    verdicts = [("1", ("lora",), 0, repeat, verdict) for repeat, verdict in enumerate(["1", "1", "2"])]
    assert scores_of(repeated, verdicts).repeats_agree()[0] == pytest.approx(1 / 3)
