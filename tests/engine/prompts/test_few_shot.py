"""Which training examples a few-shot prompt shows."""

from collections import Counter

from harness.engine.prompts.few_shot import draw_shots
from harness.engine.prompts.rendering import training_target
from harness.types import DataSpec, Example, Task

LABELS = ("rare", "usual", "odd")


def rows(count, choices=()):
    labels = ["rare" if i % 20 == 0 else "odd" if i % 7 == 0 else "usual" for i in range(count)]
    return [Example(f"r{i}", {"input": f"text {i}"}, (labels[i],), choices) for i in range(count)]


def test_shots_are_random_repeatable_and_nested():
    everything = rows(200)
    drawn = draw_shots(everything, 8, seed=0)
    assert drawn == draw_shots(list(reversed(everything)), 8, seed=0)
    assert draw_shots(everything, 3, seed=0) == drawn[:3]
    assert {row.id for row in drawn} != {row.id for row in draw_shots(everything, 8, seed=1)}
    assert len({row.id for row in drawn}) == 8
    assert [row.id for row in drawn] != [row.id for row in everything[:8]]


def test_shots_are_balanced_over_the_labels():
    drawn = draw_shots(rows(200, LABELS), 7, seed=3)
    assert sorted(Counter(row.targets[0] for row in drawn).values()) == [2, 2, 3]
    # a label without enough rows leaves its places to the others
    few = [*rows(30, LABELS)[:2], *[row for row in rows(200, LABELS) if row.targets == ("usual",)]]
    assert len(draw_shots(few, 10, seed=0)) == 10


def test_shots_are_limited_by_the_available_examples():
    assert len(draw_shots(rows(4), 10, seed=0)) == 4
    assert draw_shots([], 5, seed=0) == []


def test_training_target_of_a_question_without_an_answer():
    data = DataSpec(path="x.csv")
    task = Task(name="t", kind="qa", data=data, prompt="{{ question }}", metrics=("squad",), primary="f1", no_answer="none")
    assert training_target(task, Example("1", {"question": "who?"}, ())) == "none"
    assert training_target(task, Example("2", {"question": "who?"}, ("Ann", "Ann O."))) == "Ann"
