"""What kind of task a table becomes, with the role of each column; for real files see tests/cli/test_cli_init.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from harness.data.inspect import TaskGuess, draft_prompt, guess_task
from harness.data.records import BadRow, Preview, Record
from harness.errors import BenchError

WORDS = ("the", "card", "did", "not", "arrive", "and", "I", "would", "like", "to", "know", "when", "it", "will", "be", "here", "next")


def table(rows: Sequence[Mapping[str, Any]], bad: Sequence[BadRow] = ()) -> Preview:
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return Preview("rows.csv", columns, [Record(i, row) for i, row in enumerate(rows, 2)], bad)


def text(i: int, words: int = 12) -> str:
    """A text with this many words, different for each i."""
    return " ".join([f"case {i}", *(WORDS[(i + k) % len(WORDS)] for k in range(words - 2))])


def guess_for(n: int = 60, **columns: Any) -> TaskGuess:
    """The guess for a table of n rows. A column is a function of the row number, or a list that is repeated."""
    rows = [{name: made(i) if callable(made) else made[i % len(made)] for name, made in columns.items()} for i in range(n)]
    return guess_task(table(rows))


def refused(rows: Sequence[Mapping[str, Any]], **said: Any) -> str:
    with pytest.raises(BenchError) as caught:
        guess_task(table(rows), **said)
    return str(caught.value)


def test_tickets_with_a_category() -> None:
    guess = guess_for(ticket_id=lambda i: f"T-{i}", customer_id=lambda i: f"C{i % 20}", created=lambda i: f"2024-01-{i % 28 + 1:02d}",
               subject=lambda i: text(i, 4), body=lambda i: text(i, 30), category=["billing", "shipping", "other"])  # fmt: skip
    assert (guess.kind, guess.target) == ("classification", "category")
    assert guess.inputs == {"subject": "subject", "body": "body"}
    assert (guess.id, guess.group) == ("ticket_id", "customer_id")
    assert dict(guess.labels) == {"billing": 20, "shipping": 20, "other": 20}
    assert guess.doubt == ""


def test_much_shorter_target_is_a_summary_under_any_name() -> None:
    for name in ("summary", "highlights", "target", "section_text", "Impression"):
        guess = guess_for(dialogue=lambda i: text(i, 90), **{name: lambda i: text(i, 15)})
        assert (guess.kind, guess.inputs, guess.target) == ("summarization", {"input": "dialogue"}, name)


def test_reply_is_generation_rather_than_summarization() -> None:
    guess = guess_for(message=lambda i: text(i, 90), reply=lambda i: text(i, 15))
    assert (guess.kind, guess.target) == ("generation", "reply")


def test_prompt_and_completion() -> None:
    guess = guess_for(prompt=lambda i: text(i, 12), completion=lambda i: text(i + 100, 20))
    assert (guess.kind, guess.inputs, guess.target) == ("generation", {"input": "prompt"}, "completion")


def test_two_inputs_and_a_label() -> None:
    guess = guess_for(premise=lambda i: text(i, 12), hypothesis=lambda i: text(i + 7, 6), label=["entailment", "neutral", "contradiction"])
    assert (guess.kind, guess.inputs) == ("classification", {"premise": "premise", "hypothesis": "hypothesis"})


def test_numbered_and_lettered_inputs() -> None:
    guess = guess_for(sentence1=text, sentence2=lambda i: text(i + 9), label=["0", "1"])
    assert guess.inputs == {"sentence1": "sentence1", "sentence2": "sentence2"}


def test_question_with_context_and_nested_answers() -> None:
    guess = guess_for(id=lambda i: f"q{i}", context=lambda i: text(i // 3, 40), question=lambda i: text(i, 8),
               answers=lambda i: {"text": [f"case {i // 3}"], "answer_start": [0]})  # fmt: skip
    assert (guess.kind, guess.inputs, guess.target) == ("qa", {"context": "context", "question": "question"}, "answers.text")
    assert guess.group == "context", "questions about a passage must stay in one split"
    assert guess.no_answer is None


def test_list_of_answer_objects() -> None:
    guess = guess_for(context=lambda i: text(i, 40), question=lambda i: text(i, 8), answers=lambda i: [{"text": f"{i}", "answer_start": 3}])
    assert guess.target == "answers.text"


def test_questions_without_an_answer() -> None:
    guess = guess_for(context=lambda i: text(i, 40), question=lambda i: text(i, 8),
               answers=lambda i: {"text": [f"case {i}"] if i % 3 else [], "answer_start": [0] if i % 3 else []})  # fmt: skip
    assert guess.no_answer == "unanswerable"
    assert not guess.skip_bad_rows, "unanswered questions are usable rows"


@pytest.mark.parametrize("values", [["yes", "no"], ["Yes", "No", "Maybe"], [True, False]])
def test_question_answered_with_yes_or_no_has_labels(values: list[Any]) -> None:
    guess = guess_for(QUESTION=lambda i: text(i, 8), CONTEXTS=lambda i: [text(i, 20), text(i + 1, 20)], final_decision=values)
    assert (guess.kind, guess.target) == ("qa", "final_decision")
    assert {label.lower() for label, _ in guess.labels} <= {"yes", "no", "maybe", "true", "false"}
    assert guess.inputs == {"context": "CONTEXTS", "question": "QUESTION"}


def test_options_are_an_input() -> None:
    guess = guess_for(question=lambda i: text(i, 8), choices=lambda i: [f"{k}: {text(i + k, 3)}" for k in b"ABCD"], answerKey=list("ABCD"))
    assert (guess.kind, guess.target, guess.inputs["options"]) == ("qa", "answerKey", "choices")
    assert [label for label, _ in guess.labels] == ["A", "B", "C", "D"]


def test_question_with_a_label_is_classification() -> None:
    assert guess_for(question=lambda i: text(i, 8), label=["location", "person", "number"]).kind == "classification"


def test_table_of_numbers() -> None:
    guess = guess_for(petal=lambda i: f"{i / 7:.2f}", sepal=lambda i: f"{i / 3:.2f}", species=["setosa", "virginica"])
    assert (guess.kind, guess.target, set(guess.inputs.values())) == ("classification", "species", {"petal", "sepal"})


def test_similar_column_names_become_distinct_variables() -> None:
    rows = [{"Body": text(i), "body!": text(i + 9), "BODY 2": text(i + 20), "target": "ab"[i % 2], "年齢": text(i + 30)} for i in range(30)]
    guess = guess_task(table(rows), inputs=["Body", "body!", "BODY 2", "年齢"])
    assert list(guess.inputs.values()) == ["Body", "body!", "BODY 2", "年齢"]
    assert all(name.isidentifier() for name in guess.inputs)


def test_column_equivalent_to_the_target_is_not_an_input() -> None:
    guess = guess_for(text=text, label=[0, 1, 2], label_text=["red", "green", "blue"], predicted_label=["red", "green", "green"])
    assert (guess.target, guess.inputs) == ("label_text", {"input": "text"})
    assert not any("'label'" in alternative or "predicted" in alternative for alternative in guess.alternatives)


def test_text_that_contains_the_answer_is_not_an_input() -> None:
    guess = guess_for(input=text, output=lambda i: text(i + 50), text=lambda i: f"### {text(i)} ### {text(i + 50)}")
    assert (guess.target, guess.inputs) == ("output", {"input": "input"})
    assert any("'text' is not used as an input: it contains 'output' word for word" in note for note in guess.notes)


def test_only_input_that_contains_the_answer_is_noted() -> None:
    guess = guess_for(text=lambda i: f"{text(i)} => {text(i + 50)}", completion=lambda i: text(i + 50))
    assert any("the prompt would show the answer" in note for note in guess.notes)


def test_copy_of_an_input_is_not_an_input() -> None:
    guess = guess_for(text=text, input=lambda i: text(i).upper(), label=["a", "b"])
    assert list(guess.inputs.values()) == ["text"]
    assert any("'input' is not used as an input: it repeats 'text'" in note for note in guess.notes)


def test_sparse_input_is_left_out() -> None:
    guess = guess_for(text=text, input=lambda i: "" if i % 2 else text(i + 9), output=lambda i: text(i + 30))
    assert list(guess.inputs.values()) == ["text"]
    assert any("'input' is not used as an input: 30 of 60 rows have no value" in note for note in guess.notes)


def test_coarsest_group_is_chosen_and_the_others_are_alternatives() -> None:
    guess = guess_for(
        240, patient_id=lambda i: i % 40, encounter_id=lambda i: i // 2, note=lambda i: text(i, 60), summary=lambda i: text(i, 9)
    )
    assert guess.group == "patient_id"
    assert any("'encounter_id' (120 distinct values)" in alternative for alternative in guess.alternatives)


@pytest.mark.parametrize("made", [lambda i: i % 4, lambda i: 0 if i < 40 else i, lambda i: "" if i == 3 else i % 20])
def test_group_that_cannot_be_split_is_not_used_but_noted(made: Any) -> None:
    guess = guess_for(patient_id=made, text=text, label=["a", "b"])
    assert guess.group is None
    assert any("'patient_id' could be the group, but" in note for note in guess.notes)


def test_repeated_values_are_not_an_id() -> None:
    assert guess_for(id=lambda i: i // 2, text=text, label=["a", "b"]).id is None
    assert guess_for(uuid=lambda i: f"{i:08x}", text=text, label=["a", "b"]).id == "uuid"


def test_several_texts_for_one_input_are_folded() -> None:
    guess = guess_for(mr=lambda i: text(i // 3), ref=lambda i: text(i + 200))
    assert (guess.kind, guess.fold_by) == ("generation", "mr")
    assert guess_for(mr=text, ref=lambda i: text(i + 200)).fold_by is None
    assert guess_for(text=lambda i: text(i // 3), label=["a", "b"]).fold_by is None


def test_list_of_highlights_is_one_summary_but_list_of_references_is_several() -> None:
    assert guess_for(article=lambda i: text(i, 80), highlights=lambda i: [text(i, 5), text(i + 1, 5)]).join_targets
    assert not guess_for(article=lambda i: text(i, 80), references=lambda i: [text(i, 5), text(i + 1, 5)]).join_targets


def test_guess_without_a_typical_name_is_marked_as_uncertain() -> None:
    guess = guess_for(a=lambda i: text(i, 60), b=lambda i: text(i, 8))
    assert (guess.target, guess.kind) == ("b", "summarization")
    assert "no column has a typical target name" in guess.doubt
    assert "several columns could be the target" in guess_for(text=text, label=["a", "b"], intent=["x", "y", "z"]).doubt


def test_missing_header_is_suspected() -> None:
    guess = guess_for(**{"I like it very much": text, "positive": ["positive", "negative"]})
    assert "if the file has no header, add one" in guess.doubt


def test_other_targets_are_alternatives() -> None:
    guess = guess_for(body=lambda i: text(i, 40), answer=lambda i: text(i + 9, 40), queue=["a", "b", "c"], priority=["low", "high"])
    assert guess.target == "answer"
    assert "target: 'queue', a label (3 distinct values)" in guess.alternatives
    assert "target: 'priority', a label (2 distinct values)" in guess.alternatives
    guess = guess_for(reviewer_id=lambda i: f"A{i % 9}", text=lambda i: text(i, 60), overall=[1, 2, 3], year=lambda i: i % 30, summary=text)
    assert guess.alternatives == ("target: 'overall', a label (3 distinct values)",)


@pytest.mark.parametrize("name", ["dataset", "source", "lang", "split", "Language"])
def test_text_is_preferred_to_where_rows_come_from(name: str) -> None:
    guess = guess_for(**{name: ["one", "two", "three"]}, dialogue=lambda i: text(i, 200), note=lambda i: text(i, 40))
    assert (guess.target, guess.inputs) == ("note", {"input": "dialogue"})


@pytest.mark.parametrize("name", ["dataset", "lang"])
def test_where_rows_come_from_is_the_target_if_nothing_else_can_be(name: str) -> None:
    guess = guess_for(text=lambda i: text(i, 20), **{name: ["one", "two", "three"]})
    assert (guess.target, guess.kind) == (name, "classification")


@pytest.mark.parametrize("values", [["train", "dev", "test"], ["Training", "Test"], ["train", "VALIDATION", "eval"]])
def test_column_of_splits_is_neither_target_nor_input(values: list[str]) -> None:
    guess = guess_for(**{"query-split": values}, text=lambda i: text(i, 20), label=["a", "b"])
    assert (guess.split, guess.target, guess.inputs) == ("query-split", "label", {"input": "text"})
    assert guess.reasons["split"].startswith("given: ")
    assert not any("query-split" in alternative for alternative in guess.alternatives)


def test_column_of_splits_without_a_test_split_is_not_used() -> None:
    guess = guess_for(split=["train", "dev"], text=lambda i: text(i, 20), label=["a", "b"])
    assert guess.split is None
    assert "'split' names splits, but is not used: no row is for test" in guess.notes
    assert guess_for(section=["train", "plane", "test"], text=lambda i: text(i, 20)).target == "section", "other values are no splits"


def test_texts_beside_a_longer_input_are_other_targets() -> None:
    guess = guess_for(dialogue=lambda i: text(i, 200), note=lambda i: text(i + 70, 40), topic=["asthma", "reflux"])
    assert (guess.target, set(guess.inputs)) == ("topic", {"dialogue", "note"})
    assert "target: 'note' (text of about 40 words)" in guess.alternatives
    assert not any("target: 'dialogue'" in alternative for alternative in guess.alternatives), "something has to be read"


@pytest.mark.parametrize("value", ["T-{}", "{}", "ticket{}.txt", "{:08x}{:08x}"])
def test_identifiers_are_not_an_input_under_the_name_of_a_text(value: str) -> None:
    guess = guess_for(ticket=lambda i: value.format(1000 + i, i), body=lambda i: text(i, 30), queue=["a", "b"])
    assert guess.inputs == {"input": "body"}
    assert "'ticket' is not used as an input: it contains identifiers" in guess.notes


def test_single_words_are_an_input() -> None:
    assert guess_for(8, word=list("abcdefgh"), text=["ox", "cat", "mouse", "hen", "dog", "fly", "ewe", "bee"], label=["a", "b"]).inputs
    molecules = ["CC1=CC=CC=C1", "C1CC1N", "OC2CCC2", "N#N", "CCO", "C2=CC=C2", "CO3C", "O=C=O4"]
    guess = guess_for(8, text=molecules, note=lambda i: text(i, 5), label=["a", "b"])
    assert "text" in guess.inputs.values(), "words of different patterns are not identifiers"


def test_undecidable_target_says_what_to_do() -> None:
    message = refused([{"alpha": text(i), "beta": text(i + 50)} for i in range(30)])
    assert message.startswith("rows.csv: cannot tell which column is the target. The columns are: 'alpha' (text of about 12 words), 'b")
    assert 'Name them with fields={"target": "COLUMN"} and fields={"input": "COLUMN"}' in message


def test_one_column_is_not_enough() -> None:
    assert refused([{"text": text(i)} for i in range(9)]).startswith("rows.csv: only one column, 'text'. A task needs")


def chat(*contents: str) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [{"role": roles[i % 2], "content": content} for i, content in enumerate(contents)]


def test_conversations_are_read_without_being_named() -> None:
    rows = [{"id": f"c{i}", "messages": chat("Hello", "Yes?", text(i), text(i + 30))} for i in range(30)]
    guess = guess_task(table(rows))
    assert (guess.layout, guess.kind, guess.id) == ("messages", "generation", "id")
    assert draft_prompt(guess, "Summarize: {{ input }}", frozenset({"input"}), frozenset({"input"})) == "{{ input }}\n"
    assert "last turn of the assistant" in guess.reasons["inputs"]


def test_conversations_that_end_with_few_answers_choose_among_labels() -> None:
    rows = [{"messages": chat(text(i), ["billing", "shipping"][i % 2])} for i in range(30)]
    guess = guess_task(table(rows))
    assert guess.kind == "classification"
    assert [label for label, _ in guess.labels] == ["billing", "shipping"]


def test_instructions_without_further_input_are_not_skipped() -> None:
    rows = [{"instruction": text(i), "input": text(i + 9) if i % 2 else "", "output": text(i + 30)} for i in range(30)]
    guess = guess_task(table(rows))
    assert (guess.layout, guess.skip_bad_rows) == ("instruction", False)


def test_conversation_that_cannot_be_used_is_counted_with_the_reason() -> None:
    rows = [{"messages": chat(text(i), text(i + 30))} for i in range(30)]
    rows[4]["messages"][1]["tool_calls"] = [{"id": "x"}]  # type: ignore[assignment]
    guess = guess_task(table(rows))
    assert guess.skip_bad_rows
    assert any("1 unusable row" in note and "calls a tool" in note for note in guess.notes)


def test_column_of_conversations_beside_a_target_is_left_alone() -> None:
    rows = [{"messages": chat(text(i)), "input": text(i + 9), "target": text(i + 30)} for i in range(30)]
    guess = guess_task(table(rows))
    assert (guess.layout, guess.target, dict(guess.inputs)) == (None, "target", {"input": "input"})


def test_given_roles_take_precedence() -> None:
    rows = [{"alpha": text(i), "beta": text(i + 50), "label": "ab"[i % 2]} for i in range(30)]
    guess = guess_task(table(rows), target="beta", inputs=["alpha"], kind="generation")
    assert (guess.kind, guess.target, guess.inputs) == ("generation", "beta", {"input": "alpha"})
    assert "no column 'betta' for the target. Did you mean 'beta'?" in refused(rows, target="betta")
    assert "no column 'x' for the input" in refused(rows, inputs=["x"])
    assert "no column is left for the input" in refused([{"a": "x", "b": ""}] * 9, target="a")


def test_incomplete_rows_are_skipped_and_noted() -> None:
    guess = guess_for(text=lambda i: "" if i == 4 else text(i), label=lambda i: None if i == 7 else "ab"[i % 2])
    assert guess.skip_bad_rows
    assert any(note.startswith("2 rows without the target, an input or the group") for note in guess.notes)
    bad = guess_task(table([{"text": text(i), "label": "ab"[i % 2]} for i in range(20)], [BadRow("rows.csv:9", "has \x1b in it")]))
    assert bad.skip_bad_rows
    assert any(note.startswith("1 unusable row (the first: rows.csv:9: ") for note in bad.notes)


def test_unbalanced_and_contradictory_labels_are_noted() -> None:
    guess = guess_for(text=lambda i: text(i % 30), label=lambda i: "rare" if i < 5 else "often")
    notes = " ".join(guess.notes)
    assert "'often' has 55 rows, 'rare' has 5 rows" in notes
    assert "1 of 2 labels have fewer than 10 rows" in notes
    assert "5 inputs with more than one label" in notes


def test_lengths_of_texts() -> None:
    guess = guess_for(dialogue=lambda i: text(i, 90), summary=lambda i: text(i, 15 if i else 40))
    assert (guess.input_lengths.median_words, guess.target_lengths.median_words, guess.target_lengths.max_words) == (90, 15, 40)
    chinese = guess_for(文本=lambda i: "我今天收到了一张错误的账单" * 20 + str(i), summary=lambda i: f"错误的账单编号{i}和退款的请求")
    assert chinese.inputs == {"input": "文本"}
    assert chinese.input_lengths.median_words > 100, "words are also counted in scripts without spaces"
    assert chinese.target_lengths.tokens > 5


def test_numbers_are_labels_only_on_a_short_scale() -> None:
    assert guess_for(review=text, stars=[1, 2, 3, 4, 5]).target == "stars"
    assert "cannot tell which column" in refused([{"text_": text(i), "price": f"{i % 30}.99"} for i in range(90)])


def test_dotted_keys_and_keys_that_are_data() -> None:
    rows = [{"a.b": text(i, 60), "summary": text(i, 9), "by_id": {f"k{i}": 1, f"m{i}": 2}} for i in range(40)]
    assert guess_task(table(rows)).inputs == {"input": "a.b"}


def test_given_input_is_not_used_as_the_id() -> None:
    rows = [{"id": f"T-{i}", "text": text(i), "label": "ab"[i % 2]} for i in range(60)]
    assert guess_task(table(rows)).id == "id"
    guess = guess_task(table(rows), inputs=["id", "text"])
    assert (guess.id, guess.inputs, guess.disabled_roles) == (None, {"id_text": "id", "text": "text"}, [])


def test_text_that_contains_the_answers_is_the_context_whatever_its_name() -> None:
    cities = ["Berlin", "Leeds", "Boston"]
    guess = guess_for(
        clause=lambda i: f"{text(i, 12)} The courts of {cities[i % 3]} decide.",
        question=lambda i: f"Which courts decide in case {i}?",
        answer=lambda i: cities[i % 3],
        remark=lambda i: text(i + 5, 30),
    )
    assert (guess.kind, guess.inputs, guess.target) == ("qa", {"context": "clause", "question": "question"}, "answer")
    assert guess.labels == (), "the answers are found in the text, not chosen from a list"
    assert guess.reasons["inputs"] == "by name; 'clause' contains the answers"


def test_yes_and_no_are_not_found_in_a_text() -> None:
    guess = guess_for(remark=lambda i: f"{text(i, 12)} no yes", question=lambda i: f"Is it {i}?", answer=["yes", "no"])
    assert (guess.inputs, [label for label, _ in guess.labels]) == ({"question": "question"}, ["yes", "no"])


def test_text_can_be_the_target_where_attributes_describe_it() -> None:
    colours, names = ["red", "green", "blue"], ["Oak chair", "Wool rug"]
    guess = guess_for(
        name=lambda i: names[i % 2], price=lambda i: 20 + i, colour=lambda i: colours[i % 3], description=lambda i: text(i, 20)
    )
    assert guess.target == "colour"
    assert "target: 'description' (text of about 20 words)" in guess.alternatives
