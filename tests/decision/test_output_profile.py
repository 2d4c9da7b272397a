"""Outputs of models that do not do the task are recognized, whatever they contain; good outputs are not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.decision.output_profile import OutputProfiler
from harness.types import Example, Prediction, Task

NOTE = "The patient reports mild pain in the left knee since Monday. No fever. Takes ibuprofen twice daily."


def make_task(kind="summarization", prompt="Summarize the visit for the chart.\n\n{{ input }}\n\nSummary:", **more):
    defaults = {"metrics": ("rouge",), "primary": "rougeL"}
    return Task(name="notes", kind=kind, prompt=prompt, data={"source": "clinic"}, **(defaults | more))


def profile(outputs, *, task=None, references=None, text=NOTE):
    references = references or [(f"summary {i}",) for i in range(len(outputs))]
    examples = [Example(str(i), {"input": f"{i}. {text}"}, targets) for i, targets in enumerate(references)]
    predictions = [Prediction(str(i), output) for i, output in enumerate(outputs) if output is not None]
    return OutputProfiler(task or make_task(), examples).profile(predictions)


def test_blank_and_missing_outputs_are_empty():
    assert profile(["", " \n\t", None, "a summary"]).empty == 3


def test_no_answer_to_a_question_without_one_is_not_empty():
    found = profile(["", "", "knee"], task=make_task("qa", no_answer="none"), references=[(), (), ("knee",)])
    assert (found.empty, found.answered) == (0, 1)


@pytest.mark.parametrize(
    ("output", "repeats"),
    [
        (f"0. {NOTE}", True),
        (f"Sure! Here it is: 0. {NOTE.upper()} Summary:", True),
        (f"0. {NOTE}"[:90], True),
        (f"0.   {NOTE}".replace(" ", "  \n"), True),
        ("Summarize the visit for the chart. Summarize the visit for the chart.", True),
        ("The patient reports mild pain in the left knee since Monday.", False),
        ("Knee pain, ibuprofen.", False),
        ("", False),
        ("Summary:", False),
    ],
)
def test_repeating_the_prompt(output, repeats):
    found = profile([output, "another summary"])
    assert (found.repeating, found.written) == (int(repeats), 2)


def test_repeating_is_right_where_references_repeat():
    """To correct a text is to repeat most of it."""
    found = profile([f"0. {NOTE}", f"1. {NOTE}"], references=[(f"0. {NOTE}",), (f"1. {NOTE} Corrected.",)])
    assert (found.repeating, found.written) == (0, 0)


def test_short_inputs_and_answers_do_not_repeat():
    found = profile(["0. knee", "1. knee"], text="knee", task=make_task("qa", prompt="{{ input }}"))
    assert found.repeating == 0


def test_one_answer_for_everything():
    assert profile(["same", "same", "same"]).constant == "same"
    assert profile(["same", "same", "other"]).constant is None
    assert profile(["same"]).constant is None
    assert profile(["ham"] * 3, references=[("ham",)] * 3).constant is None, "the references do not differ either"


def test_always_no_answer_is_one_answer_and_nothing_written_is_none():
    examples = [Example(str(i), {"input": NOTE}, () if i else ("knee",)) for i in range(3)]
    task = make_task("qa", no_answer="none")
    assert OutputProfiler(task, examples).profile([Prediction(str(i), "None.", "") for i in range(3)]).constant == ""
    assert OutputProfiler(task, examples).profile([Prediction(str(i), " ", "") for i in range(3)]).constant is None


def test_labels_do_not_repeat_the_prompt():
    labels = ("a label that is long enough to count", "another long label of the task")
    task = make_task(
        "classification", labels=labels, metrics=("classification",), primary="accuracy", prompt=f"{{{{ input }}}} {labels[0]}"
    )
    found = profile([labels[0]] * 3, task=task, references=[(labels[0],), (labels[1],), (labels[0],)])
    assert (found.written, found.repeating, found.constant) == (0, 0, labels[0])


@settings(deadline=None, max_examples=25)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=6), st.text(max_size=60))
def test_any_text_is_profiled(outputs, text):
    found = profile(outputs, text=text)
    assert 0 <= found.empty <= found.answered == len(outputs)
    assert 0 <= found.repeating <= found.written <= len(outputs)


def test_huge_outputs_are_profiled():
    found = profile(["x" * 5_000_000, "\u202e\x00</script>" * 300_000], text="word " * 100_000)
    assert (found.empty, found.repeating, found.constant) == (0, 0, None)
