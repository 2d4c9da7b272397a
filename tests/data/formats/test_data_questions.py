"""Questions: SQuAD's layouts, nested fields, several answers and none, and answers that are chosen."""

from __future__ import annotations

import json

import pytest

from harness.data import load_splits


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


def test_squad(load):
    splits = load(SQUAD, "squad.json", kind="qa", no_answer="unanswerable")
    found = every(splits)
    assert len(found) == 22
    q1 = found["q1"]
    assert (q1.id, q1.inputs, q1.targets) == ("q1", {"question": "q1", "context": "Passage one."}, ("a", "b"))
    assert (q1.group, q1.meta) == ("Fever, paragraph 1", {"title": "Fever"})
    assert found["q2"].targets == found["q4"].targets == ()
    homes = [{e.inputs["context"] for e in part} for part in (splits.train, splits.validation, splits.test)]
    assert sum(map(len, homes)) == len(set.union(*homes)), "questions of one passage are never split"


def test_squad_without_a_word_for_no_answer(refused):
    message = refused(SQUAD, "squad.json", kind="qa")
    assert "2 bad rows" in message
    assert "squad.json: item 2: target (column 'answers') is empty. If the question has no answer, set 'no_answer'" in message


def test_squad_as_a_list_of_articles_and_with_titles_that_come_again(load):
    article = {"title": "Fever", "paragraphs": [paragraph("One.", question("q1", "a")), paragraph("Two.", question("q2", "a"))]}
    again = {"title": "Fever", "paragraphs": [paragraph("Three.", question("q3", "a"))]}
    nameless = {"paragraphs": [paragraph("Four.", question("q4", "a"))]}
    found = every(load(json.dumps([article, again, nameless]), "a.json", kind="qa"))
    assert [found[f"q{i}"].group for i in (1, 2, 3, 4)] == [
        "Fever, paragraph 1", "Fever, paragraph 2", "Fever, paragraph 3", "article 3, paragraph 1",
    ]  # fmt: skip


def test_malformed_squad(refused):
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


def lines(*rows: dict) -> str:
    return "".join(json.dumps({"id": i, **row}, ensure_ascii=False) + "\n" for i, row in enumerate(rows))


FILL = [{"question": f"q{i}", "context": f"c{i}", "answers": {"text": ["x"], "answer_start": [0]}} for i in range(8)]


def test_layout_of_the_hub(load, in_order):
    first = {"question": "who?", "context": "text", "answers": {"text": ["one", "two"], "answer_start": [3, 9]}, "title": "t"}
    none = {"question": "why?", "context": "text", "answers": {"text": [], "answer_start": []}, "title": "t"}
    found = in_order(load(lines(first, none, *FILL), "a.jsonl", kind="qa", no_answer="none"))
    assert found[0].inputs == {"question": "who?", "context": "text"}
    assert [e.targets for e in found[:2]] == [("one", "two"), ()]
    assert found[0].meta == {"title": "t"}


@pytest.mark.parametrize("value", ["", " ", None, [], [None, ""], "Unanswerable ", " UNANSWERABLE"])
def test_what_is_no_answer(load, in_order, refused, value):
    content = lines({"question": "why?", "target": value}, *({"question": f"q{i}", "target": "a"} for i in range(8)))
    assert in_order(load(content, "a.jsonl", kind="qa", no_answer="unanswerable"))[0].targets == ()
    if not value or value == [None, ""] or not str(value).strip():
        assert "set 'no_answer'" in refused(content, "a.jsonl", kind="qa")
    else:
        assert in_order(load(content, "a.jsonl", kind="qa"))[0].targets == (value,)


def test_a_missing_key_is_no_answer_but_a_missing_column_is_an_error(load, in_order, refused):
    content = lines({"question": "why?"}, *({"question": f"q{i}", "target": "a"} for i in range(8)))
    assert in_order(load(content, "a.jsonl", kind="qa", no_answer="none"))[0].targets == ()
    assert "no column for the target" in refused(lines({"question": "why?"}), "a.jsonl", kind="qa", no_answer="none")


def test_no_answer_is_for_questions_only(refused):
    message = refused(lines({"input": "a", "target": ""}), "a.jsonl", kind="summarization")
    assert "target (column 'target') is empty" in message
    assert "no_answer" not in message


# -------------------------------------------------------------------------------------------------- which column is which


@pytest.mark.parametrize(
    ("row", "fields", "inputs"),
    [
        ({"question": "q", "context": "c", "answer": "a"}, {}, {"question": "q", "context": "c"}),
        ({"QUESTION": "q", "CONTEXTS": ["c", "d"], "Answer": "a"}, {}, {"question": "q", "context": "c\nd"}),
        ({"question": "q", "answers": ["a"]}, {}, {"question": "q"}),
        ({"text": "q", "context": "c", "target": "a"}, {"input": "text"}, {"input": "q", "question": "q", "context": "c"}),
        ({"q": "q", "passage": "c", "target": "a"}, {"question": "q", "context": "passage"}, {"question": "q", "context": "c"}),
        ({"question": "q", "passage": "c", "answer": "a"}, {"context": "passage"}, {"question": "q", "context": "c"}),
        ({"input": "q", "target": "a"}, {}, {"input": "q", "question": "q"}),
        ({"prompt": "q", "completion": "a"}, {}, {"prompt": "q", "input": "q", "question": "q"}),
        ({"question": "q", "input": "other", "target": "a"}, {}, {"question": "q"}),
    ],
)
def test_default_roles_of_a_question(load, in_order, row, fields, inputs):
    fill = ({key: ([f"{i}"] if isinstance(value, list) else f"{value}{i}") for key, value in row.items()} for i in range(5))
    found = in_order(load(lines(row, *fill), "a.jsonl", kind="qa", fields=fields))[0]
    assert (found.inputs, found.targets) == (inputs, ("a",))


def test_which_of_several_columns_holds_the_answer(load, in_order):
    row = {"question": "q", "answer": "4", "answers": {"text": ["2"], "n": 1}, "target": "1"}
    rest = [{key: "x" if key == "question" else value for key, value in row.items()} | {"question": f"q{i}"} for i in range(5)]

    def first(*without):
        kept = [{k: v for k, v in r.items() if k not in without} for r in (row, *rest)]
        return in_order(load(lines(*kept), "a.jsonl", kind="qa"))[0].targets

    assert first() == ("1",)
    assert first("target") == ("2",)
    assert first("target", "answers") == ("4",)


def test_a_question_is_needed(refused):
    message = refused(lines({"q": "q", "context": "c", "answer": "a"}), "a.jsonl", kind="qa")
    assert "no column for the input. The columns are: id, q, context, answer. Name them with fields=" in message


def test_names_in_another_case_for_every_kind(load, in_order):
    content = "ID,Input,TARGET,Group\n" + "".join(f"{i},text {i},sum,g{i}\n" for i in range(6))
    row = in_order(load(content))[3]
    assert (row.inputs, row.targets, row.group, dict(row.meta)) == ({"input": "text 3"}, ("sum",), "g3", {})


# ---------------------------------------------------------------------------------------------------------- nested fields


NESTED = [
    {
        "turns": [{"who": "p", "text": f"hello {i}"}, {"who": f"d{i}", "text": "yes"}, {"who": "d"}],
        "note": {"parts": {"plan": f"plan {i}"}},
        "a.b": f"literal {i}",
        "a": {"b": "nested"},
    }
    for i in range(8)
]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("turns.0.text", "hello 0"),
        ("turns.text", "hello 0\nyes"),
        ("turns.1.who", "d0"),
        ("note.parts.plan", "plan 0"),
        ("a.b", "literal 0"),
    ],
)
def test_a_dot_reaches_into_nested_values(load, in_order, column, text):
    content = lines(*({**row, "target": "x"} for row in NESTED))
    found = in_order(load(content, "a.jsonl", fields={"input": column}))[0]
    assert found.inputs == {"input": text}
    assert column.split(".")[0] not in found.meta or column == "a.b"


def test_lists_are_joined_with_what_the_task_says(load, in_order):
    content = lines(*({"input": ["one\r\nline", "", None, i, True], "target": [f"a{i}", "b"], "n": i} for i in range(6)))
    row = in_order(load(content, "a.jsonl", join=" | "))[0]
    assert (row.inputs, row.targets) == ({"input": "one\nline |  | 0 | true"}, ("a0", "b"))
    assert in_order(load(content, "a.jsonl", join="; ", target_lists="join"))[0].targets == ("a0; b",)


def test_a_nested_name_that_is_not_there(refused):
    content = lines(*({**row, "target": "x"} for row in NESTED))
    message = refused(content, "a.jsonl", fields={"input": "note.parts.plans"})
    assert "no column 'note.parts.plans' for 'input'. Did you mean 'note.parts.plan'?" in message
    assert "The columns are: id, turns.who, turns.text, note.parts.plan, a.b, target" in message


def test_wide_rows_list_few_columns(refused):
    content = lines({f"column {i}": {"deep": {f"k{j}": j for j in range(30)}} for i in range(200)})
    message = refused(content, "a.jsonl", fields={"input": "colum 7"})
    assert len(message) < 1000
    assert "and 5981 more" in message


def test_nested_value_missing_in_one_row(refused):
    content = lines({"turns": [{"text": "a"}], "target": "x"}, {"turns": [], "target": "x"}, {"target": "x"})
    message = refused(content, "a.jsonl", fields={"input": "turns.0.text"})
    assert "a.jsonl:2: input: the row has no 'turns.0.text'" in message
    assert "a.jsonl:3: input: the row has no 'turns.0.text'" in message


def test_columns_that_turn_up_late(load, refused, in_order):
    """The first thousand rows do not decide what there is."""
    early = [{"input": f"text {i}", "target": "x"} for i in range(1500)]
    content = "".join(json.dumps(row) + "\n" for row in [*early, {"input": "late", "target": "x", "group": "g"}])
    assert "1500 bad rows" in refused(content, "a.jsonl"), "rows without a group where others have one"
    splits = load(content.replace('"group"', '"note"'), "a.jsonl")
    assert sum(splits.report.sizes.values()) == 1501
    rows = [{"input": f"text {i}", "target": "x"} | ({"deep": {"k": "v"}} if i > 1200 else {}) for i in range(1300)]
    late = "".join(json.dumps(row) + "\n" for row in rows)
    assert "1201 bad rows" in refused(late, "a.jsonl", fields={"input": "deep.k"})
    assert "no column 'deep.q'" in refused(late, "a.jsonl", fields={"input": "deep.q"})


# -------------------------------------------------------------------------------------------------------- chosen answers


def test_a_question_with_labels_is_a_choice(load, refused):
    content = lines(*({"question": f"q{i}", "context": "c", "answer": ["yes", "no"][i % 2]} for i in range(12)))
    splits = load(content, "a.jsonl", kind="qa", labels=("yes", "no", "maybe"))
    for example in (*splits.train, *splits.validation, *splits.test):
        assert example.choices == ("yes", "no", "maybe")
        assert example.targets[0] in ("yes", "no")
    bad = content + json.dumps({"id": 99, "question": "x", "context": "c", "answer": "perhaps"}) + "\n"
    assert "target 'perhaps' (column 'answer') is not one of the task's labels" in refused(bad, "a.jsonl", kind="qa", labels=("yes", "no"))
    empty = content + json.dumps({"id": 99, "question": "x", "context": "c", "answer": ""}) + "\n"
    message = refused(empty, "a.jsonl", kind="qa", labels=("yes", "no"), no_answer="none")
    assert "a.jsonl:13: target (column 'answer') is empty" in message
    assert "no_answer" not in message


def test_options_of_a_source_that_takes_none(make_task, tmp_path):
    with pytest.raises(Exception, match="the source 'clinic' takes no options"):
        load_splits(make_task(source="clinic", options={"language": "de"}), folder=tmp_path)
