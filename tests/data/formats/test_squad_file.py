"""SQuAD's layout: one row per question."""

from __future__ import annotations

import json


def squad(*paragraphs, version="v2.0", **article):
    return json.dumps({"version": version, "data": [{"title": "Fever", **article, "paragraphs": list(paragraphs)}]})


def paragraph(context: str, *questions: dict) -> dict:
    return {"context": context, "qas": list(questions)}


def question(text: str, *answers: str, **more) -> dict:
    return {"id": text, "question": text, "answers": [{"text": a, "answer_start": 0} for a in answers], **more}


def every(splits):
    return {e.inputs["question"]: e for e in (*splits.train, *splits.validation, *splits.test)}


SQUAD = squad(
    paragraph("Passage one.", question("q1", "a", "b", "a"), question("q2", is_impossible=True, plausible_answers=[{"text": "no"}])),
    paragraph("Passage two.", question("q3", "c"), question("q4")),
    *(paragraph(f"Passage {i}.", question(f"x{i}", "y"), question(f"z{i}", "y")) for i in range(3, 12)),
)


def test_one_row_per_question(load):
    splits = load(SQUAD, "squad.json", kind="qa", no_answer="unanswerable")
    found = every(splits)
    assert len(found) == 22
    q1 = found["q1"]
    assert (q1.id, q1.inputs, q1.targets) == ("q1", {"question": "q1", "context": "Passage one."}, ("a", "b"))
    assert (q1.group, q1.meta) == ("Fever, paragraph 1", {"title": "Fever"})
    assert found["q2"].targets == found["q4"].targets == ()
    homes = [{e.inputs["context"] for e in part} for part in (splits.train, splits.validation, splits.test)]
    assert sum(map(len, homes)) == len(set.union(*homes)), "questions about a passage stay in one split"


def test_impossible_questions_need_no_answer_text(refused):
    message = refused(SQUAD, "squad.json", kind="qa")
    assert "2 bad rows" in message
    assert "squad.json: item 2: target (column 'answers') is empty. If the question has no answer, set 'no_answer'" in message


def test_list_of_articles_with_repeated_and_missing_titles(load):
    article = {"title": "Fever", "paragraphs": [paragraph("One.", question("q1", "a")), paragraph("Two.", question("q2", "a"))]}
    again = {"title": "Fever", "paragraphs": [paragraph("Three.", question("q3", "a"))]}
    nameless = {"paragraphs": [paragraph("Four.", question("q4", "a"))]}
    found = every(load(json.dumps([article, again, nameless]), "a.json", kind="qa"))
    assert [found[f"q{i}"].group for i in (1, 2, 3, 4)] == [
        "Fever, paragraph 1", "Fever, paragraph 2", "Fever, paragraph 3", "article 3, paragraph 1",
    ]  # fmt: skip


def test_malformed_questions_are_bad_rows(refused):
    message = refused(
        squad(
            paragraph("One.", question("q1", "a"), {"id": 3}, {"question": "q", "answers": [{"start": 3}]}),
            {"context": "no questions"},
        ),
        "a.json",
        kind="qa",
    )
    assert "item 2: question 2 in paragraph 1 of 'Fever' has no text 'question'" in message
    assert "item 3: question 3 in paragraph 1 of 'Fever': answers must be a list of objects" in message
    assert "item 4: paragraph 2 of 'Fever' needs a text 'context' and a list 'qas'" in message
