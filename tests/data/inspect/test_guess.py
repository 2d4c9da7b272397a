"""What a table is taken for: the kind of task and the role of each column, with reasons; on real files in tests/cli/test_cli_init.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from harness.data.inspect import TaskGuess, guess_task
from harness.data.records import BadRow, Preview, Record
from harness.errors import BenchError

WORDS = ("the", "card", "did", "not", "arrive", "and", "I", "would", "like", "to", "know", "when", "it", "will", "be", "here", "next")


def table(rows: Sequence[Mapping[str, Any]], bad: Sequence[BadRow] = ()) -> Preview:
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return Preview("rows.csv", columns, [Record(i, row) for i, row in enumerate(rows, 2)], bad)


def text(i: int, words: int = 12) -> str:
    """A text of so many words that no other i gives."""
    return " ".join([f"case {i}", *(WORDS[(i + k) % len(WORDS)] for k in range(words - 2))])


def of(n: int = 60, **columns: Any) -> TaskGuess:
    """The guess for a table of n rows; a column is a function of the row's number, or a list that is gone through again and again."""
    rows = [{name: made(i) if callable(made) else made[i % len(made)] for name, made in columns.items()} for i in range(n)]
    return guess_task(table(rows))


def refused(rows: Sequence[Mapping[str, Any]], **said: Any) -> str:
    with pytest.raises(BenchError) as caught:
        guess_task(table(rows), **said)
    return str(caught.value)


# ------------------------------------------------------------------------------------------------------------------ kinds


def test_a_ticket_with_a_category() -> None:
    found = of(ticket_id=lambda i: f"T-{i}", customer_id=lambda i: f"C{i % 20}", created=lambda i: f"2024-01-{i % 28 + 1:02d}",
               subject=lambda i: text(i, 4), body=lambda i: text(i, 30), category=["billing", "shipping", "other"])  # fmt: skip
    assert (found.kind, found.target) == ("classification", "category")
    assert found.inputs == {"subject": "subject", "body": "body"}
    assert (found.id, found.group) == ("ticket_id", "customer_id")
    assert dict(found.labels) == {"billing": 20, "shipping": 20, "other": 20}
    assert found.doubt == ""


def test_a_long_text_and_a_short_one_is_a_summary_whatever_the_target_is_called() -> None:
    for name in ("summary", "highlights", "target", "section_text", "Impression"):
        found = of(dialogue=lambda i: text(i, 90), **{name: lambda i: text(i, 15)})
        assert (found.kind, found.inputs, found.target) == ("summarization", {"input": "dialogue"}, name)


def test_a_reply_is_a_text_to_write_and_no_summary() -> None:
    found = of(message=lambda i: text(i, 90), reply=lambda i: text(i, 15))
    assert (found.kind, found.target) == ("generation", "reply")


def test_prompt_and_completion() -> None:
    found = of(prompt=lambda i: text(i, 12), completion=lambda i: text(i + 100, 20))
    assert (found.kind, found.inputs, found.target) == ("generation", {"input": "prompt"}, "completion")


def test_two_inputs_and_a_label() -> None:
    found = of(premise=lambda i: text(i, 12), hypothesis=lambda i: text(i + 7, 6), label=["entailment", "neutral", "contradiction"])
    assert (found.kind, found.inputs) == ("classification", {"premise": "premise", "hypothesis": "hypothesis"})


def test_numbered_and_lettered_inputs() -> None:
    found = of(sentence1=text, sentence2=lambda i: text(i + 9), label=["0", "1"])
    assert found.inputs == {"sentence1": "sentence1", "sentence2": "sentence2"}


def test_a_question_with_a_context_and_nested_answers() -> None:
    found = of(id=lambda i: f"q{i}", context=lambda i: text(i // 3, 40), question=lambda i: text(i, 8),
               answers=lambda i: {"text": [f"case {i // 3}"], "answer_start": [0]})  # fmt: skip
    assert (found.kind, found.inputs, found.target) == ("qa", {"context": "context", "question": "question"}, "answers.text")
    assert found.group == "context", "questions about one passage must not be on both sides of the split"
    assert found.no_answer is None


def test_a_list_of_answers_as_objects() -> None:
    found = of(context=lambda i: text(i, 40), question=lambda i: text(i, 8), answers=lambda i: [{"text": f"{i}", "answer_start": 3}])
    assert found.target == "answers.text"


def test_questions_that_nothing_answers() -> None:
    found = of(context=lambda i: text(i, 40), question=lambda i: text(i, 8),
               answers=lambda i: {"text": [f"case {i}"] if i % 3 else [], "answer_start": [0] if i % 3 else []})  # fmt: skip
    assert found.no_answer == "unanswerable"
    assert not found.skip_bad_rows, "they are rows like any other"


@pytest.mark.parametrize("values", [["yes", "no"], ["Yes", "No", "Maybe"], [True, False]])
def test_a_question_that_is_answered_with_yes_or_no_has_labels(values: list[Any]) -> None:
    found = of(QUESTION=lambda i: text(i, 8), CONTEXTS=lambda i: [text(i, 20), text(i + 1, 20)], final_decision=values)
    assert (found.kind, found.target) == ("qa", "final_decision")
    assert {label.lower() for label, _ in found.labels} <= {"yes", "no", "maybe", "true", "false"}
    assert found.inputs == {"context": "CONTEXTS", "question": "QUESTION"}


def test_options_to_choose_from_are_an_input() -> None:
    found = of(question=lambda i: text(i, 8), choices=lambda i: [f"{k}: {text(i + k, 3)}" for k in b"ABCD"], answerKey=list("ABCD"))
    assert (found.kind, found.target, found.inputs["options"]) == ("qa", "answerKey", "choices")
    assert [label for label, _ in found.labels] == ["A", "B", "C", "D"]


def test_a_question_with_a_label_is_a_classification() -> None:
    assert of(question=lambda i: text(i, 8), label=["location", "person", "number"]).kind == "classification"


def test_a_table_of_numbers() -> None:
    found = of(petal=lambda i: f"{i / 7:.2f}", sepal=lambda i: f"{i / 3:.2f}", species=["setosa", "virginica"])
    assert (found.kind, found.target, set(found.inputs.values())) == ("classification", "species", {"petal", "sepal"})


def test_columns_that_are_called_alike_are_variables_of_their_own() -> None:
    rows = [{"Body": text(i), "body!": text(i + 9), "BODY 2": text(i + 20), "target": "ab"[i % 2], "年齢": text(i + 30)} for i in range(30)]
    found = guess_task(table(rows), inputs=["Body", "body!", "BODY 2", "年齢"])
    assert list(found.inputs.values()) == ["Body", "body!", "BODY 2", "年齢"]
    assert all(name.isidentifier() for name in found.inputs)


# --------------------------------------------------------------------------------------------------------- what is no input


def test_what_gives_the_target_away_is_no_input() -> None:
    found = of(text=text, label=[0, 1, 2], label_text=["red", "green", "blue"], predicted_label=["red", "green", "green"])
    assert (found.target, found.inputs) == ("label_text", {"input": "text"})
    assert not any("'label'" in alternative or "predicted" in alternative for alternative in found.alternatives)


def test_a_text_that_holds_the_answer_is_no_input() -> None:
    found = of(instruction=text, output=lambda i: text(i + 50), text=lambda i: f"### {text(i)} ### {text(i + 50)}")
    assert (found.target, found.inputs) == ("output", {"input": "instruction"})
    assert any("'text' is not used as an input: it contains 'output' word for word" in note for note in found.notes)


def test_where_the_only_input_holds_the_answer_it_is_said() -> None:
    found = of(text=lambda i: f"{text(i)} => {text(i + 50)}", completion=lambda i: text(i + 50))
    assert any("the prompt would show the answer" in note for note in found.notes)


def test_a_second_column_with_the_same_text_is_no_input() -> None:
    found = of(text=text, input=lambda i: text(i).upper(), label=["a", "b"])
    assert list(found.inputs.values()) == ["text"]
    assert any("'input' is not used as an input: it repeats 'text'" in note for note in found.notes)


def test_an_input_that_many_rows_lack_is_left_out() -> None:
    found = of(instruction=text, input=lambda i: "" if i % 2 else text(i + 9), output=lambda i: text(i + 30))
    assert list(found.inputs.values()) == ["instruction"]
    assert any("'input' is not used as an input: 30 of 60 rows have no value" in note for note in found.notes)


# -------------------------------------------------------------------------------------------------------- group, id, folding


def test_the_coarsest_group_is_taken_and_the_others_are_named() -> None:
    found = of(240, patient_id=lambda i: i % 40, encounter_id=lambda i: i // 2, note=lambda i: text(i, 60), summary=lambda i: text(i, 9))
    assert found.group == "patient_id"
    assert any("'encounter_id' (120 distinct values)" in alternative for alternative in found.alternatives)


@pytest.mark.parametrize("made", [lambda i: i % 4, lambda i: 0 if i < 40 else i, lambda i: "" if i == 3 else i % 20])
def test_a_group_that_cannot_be_split_by_is_not_taken_and_it_is_said(made: Any) -> None:
    found = of(patient_id=made, text=text, label=["a", "b"])
    assert found.group is None
    assert any("'patient_id' could be the group, but" in note for note in found.notes)


def test_an_id_that_repeats_is_none() -> None:
    assert of(id=lambda i: i // 2, text=text, label=["a", "b"]).id is None
    assert of(uuid=lambda i: f"{i:08x}", text=text, label=["a", "b"]).id == "uuid"


def test_several_texts_for_one_input_are_folded() -> None:
    found = of(mr=lambda i: text(i // 3), ref=lambda i: text(i + 200))
    assert (found.kind, found.fold_by) == ("generation", "mr")
    assert of(mr=text, ref=lambda i: text(i + 200)).fold_by is None
    assert of(text=lambda i: text(i // 3), label=["a", "b"]).fold_by is None


def test_a_list_of_sentences_is_one_summary_and_a_list_of_references_is_several() -> None:
    assert of(article=lambda i: text(i, 80), highlights=lambda i: [text(i, 5), text(i + 1, 5)]).join_targets
    assert not of(article=lambda i: text(i, 80), references=lambda i: [text(i, 5), text(i + 1, 5)]).join_targets


# ------------------------------------------------------------------------------------------------------ doubts and refusals


def test_where_no_name_tells_the_best_guess_is_marked() -> None:
    found = of(a=lambda i: text(i, 60), b=lambda i: text(i, 8))
    assert (found.target, found.kind) == ("b", "summarization")
    assert "no column has a typical target name" in found.doubt
    assert "several columns could be the target" in of(text=text, label=["a", "b"], intent=["x", "y", "z"]).doubt


def test_a_file_without_a_header_looks_like_one() -> None:
    found = of(**{"I like it very much": text, "positive": ["positive", "negative"]})
    assert "if the file has no header, add one" in found.doubt


def test_other_targets_are_named() -> None:
    found = of(body=lambda i: text(i, 40), answer=lambda i: text(i + 9, 40), queue=["a", "b", "c"], priority=["low", "high"])
    assert found.target == "answer"
    assert "target: 'queue', a label (3 distinct values)" in found.alternatives
    assert "target: 'priority', a label (2 distinct values)" in found.alternatives
    found = of(reviewer_id=lambda i: f"A{i % 9}", text=lambda i: text(i, 60), overall=[1, 2, 3], year=lambda i: i % 30, summary=text)
    assert found.alternatives == ("target: 'overall', a label (3 distinct values)",)


def test_what_cannot_be_told_is_said_with_what_to_do() -> None:
    message = refused([{"alpha": text(i), "beta": text(i + 50)} for i in range(30)])
    assert message.startswith("rows.csv: cannot tell which column is the target. The columns are: 'alpha' (text of about 12 words), 'b")
    assert 'Name them with fields={"target": "COLUMN"} and fields={"input": "COLUMN"}' in message


def test_one_column_is_not_enough() -> None:
    assert refused([{"text": text(i)} for i in range(9)]).startswith("rows.csv: only one column, 'text'. A task needs")


def test_a_chat_is_said_to_be_one() -> None:
    rows = [{"id": i, "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]} for i in range(9)]
    assert "'messages' contains whole conversations" in refused(rows)


def test_what_the_user_says_counts() -> None:
    rows = [{"alpha": text(i), "beta": text(i + 50), "label": "ab"[i % 2]} for i in range(30)]
    found = guess_task(table(rows), target="beta", inputs=["alpha"], kind="generation")
    assert (found.kind, found.target, found.inputs) == ("generation", "beta", {"input": "alpha"})
    assert "no column 'betta' for the target. Did you mean 'beta'?" in refused(rows, target="betta")
    assert "no column 'x' for the input" in refused(rows, inputs=["x"])
    assert "no column is left for the input" in refused([{"a": "x", "b": ""}] * 9, target="a")


# ------------------------------------------------------------------------------------------------------------------- notes


def test_rows_that_lack_something_are_skipped_and_said() -> None:
    found = of(text=lambda i: "" if i == 4 else text(i), label=lambda i: None if i == 7 else "ab"[i % 2])
    assert found.skip_bad_rows
    assert any(note.startswith("2 rows without the target, an input or the group") for note in found.notes)
    bad = guess_task(table([{"text": text(i), "label": "ab"[i % 2]} for i in range(20)], [BadRow("rows.csv:9", "has \x1b in it")]))
    assert bad.skip_bad_rows
    assert any(note.startswith("1 unusable row (the first: rows.csv:9: ") for note in bad.notes)


def test_unbalanced_and_torn_labels_are_said() -> None:
    found = of(text=lambda i: text(i % 30), label=lambda i: "rare" if i < 5 else "often")
    notes = " ".join(found.notes)
    assert "'often' has 55 rows, 'rare' has 5 rows" in notes
    assert "1 of 2 labels have fewer than 10 rows" in notes
    assert "5 inputs with more than one label" in notes


def test_lengths_are_of_what_is_there() -> None:
    found = of(dialogue=lambda i: text(i, 90), summary=lambda i: text(i, 15 if i else 40))
    assert (found.input_lengths.median_words, found.target_lengths.median_words, found.target_lengths.max_words) == (90, 15, 40)
    chinese = of(文本=lambda i: "我今天收到了一张错误的账单" * 20 + str(i), summary=lambda i: f"错误的账单编号{i}和退款的请求")
    assert chinese.inputs == {"input": "文本"}
    assert chinese.input_lengths.median_words > 100, "words are counted in scripts without spaces, too"
    assert chinese.target_lengths.tokens > 5


def test_labels_of_numbers_are_a_short_scale_only() -> None:
    assert of(review=text, stars=[1, 2, 3, 4, 5]).target == "stars"
    assert "cannot tell which column" in refused([{"text_": text(i), "price": f"{i % 30}.99"} for i in range(90)])


def test_a_key_with_a_dot_and_keys_that_are_data() -> None:
    rows = [{"a.b": text(i, 60), "summary": text(i, 9), "by_id": {f"k{i}": 1, f"m{i}": 2}} for i in range(40)]
    assert guess_task(table(rows)).inputs == {"input": "a.b"}


def test_a_column_that_the_user_reads_is_no_id() -> None:
    rows = [{"id": f"T-{i}", "text": text(i), "label": "ab"[i % 2]} for i in range(60)]
    assert guess_task(table(rows)).id == "id"
    found = guess_task(table(rows), inputs=["id", "text"])
    assert (found.id, found.inputs, found.disabled_roles) == (None, {"id_text": "id", "text": "text"}, [])
