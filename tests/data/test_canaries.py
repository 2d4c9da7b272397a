"""Canaries: which are drawn, and where they are planted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.data.canaries import FORMATS, CanaryFormat, draw_canaries, plant, planting
from harness.errors import BenchError
from harness.types import Example, Task


def make_task(**privacy: object) -> Task:
    return Task(
        name="notes", kind="summarization", data={"source": "clinic"}, prompt="{{ input }}", metrics=("rouge",), primary="rougeL",
        privacy={"canaries": 3, "repeats": (1, 4), "references": 15} | privacy,
    )  # fmt: skip


def make_examples(count: int, text: str = "note") -> list[Example]:
    return [Example(f"{text}-{i}", {"input": f"talk {i} " + "and more " * i}, (f"{text} {i}",)) for i in range(count)]


def test_the_same_data_gives_the_same_canaries_each_with_a_secret_and_an_example_of_its_own() -> None:
    train = make_examples(30)
    drawn = draw_canaries(make_task(), train, ())
    assert drawn == draw_canaries(make_task(), train, ())
    assert [canary.repeats for canary in drawn.canaries] == [1, 1, 1, 4, 4, 4]
    assert len({canary.secret for canary in drawn.canaries}) == len({canary.carrier.id for canary in drawn.canaries}) == 6
    planted = {canary.secret for canary in drawn.canaries}
    for form in FORMATS:
        references = drawn.references[form.name]
        assert len(set(references)) == 15 and not planted & set(references)
        assert all(form.pattern.findall(secret) == [secret] for secret in references)


def test_a_canary_stands_in_front_of_the_target_of_copies_and_changes_no_example() -> None:
    train = make_examples(30)
    drawn = draw_canaries(make_task(), train, ())
    planted = plant(make_task(), drawn.canaries)
    assert len(planted) == 3 * (1 + 4)
    assert len({example.id for example in planted} | {example.id for example in train}) == len(planted) + len(train)
    canary = drawn.canaries[-1]
    copies = [example for example in planted if canary.secret in example.targets[0]]
    assert len(copies) == 4
    assert {example.targets for example in copies} == {(f"{canary.sentence} {canary.carrier.targets[0]}",)}
    assert all(example.inputs == canary.carrier.inputs for example in copies)


def test_carriers_have_short_inputs() -> None:
    train = make_examples(60)
    longest = max(len(canary.carrier.inputs["input"]) for canary in draw_canaries(make_task(), train, ()).canaries)
    assert longest <= sorted(len(example.inputs["input"]) for example in train)[29]


@pytest.fixture
def few_secrets(monkeypatch: pytest.MonkeyPatch) -> CanaryFormat:
    """A single format with 10,000 secrets, whose digits are those of a record number."""
    form = replace(FORMATS[0], secrets=10_000)
    monkeypatch.setattr(planting, "FORMATS", (form,))
    return form


def test_no_secret_and_no_reference_occurs_in_any_split(few_secrets: CanaryFormat) -> None:
    """All numbers below 009-900 are in the data, in training and test examples, in inputs and targets, also inside longer numbers."""
    every = [few_secrets.write(number) for number in range(9_900)]
    train = [*make_examples(30), Example("a", {"input": " ".join(every[:4000])}, ("9" + every[4000] + "0",))]
    test = [Example("b", {"input": "talk"}, (", ".join(every[4000:]),))]
    drawn = draw_canaries(make_task(), train, test)
    secrets = [*drawn.references["record"], *(canary.secret for canary in drawn.canaries)]
    assert len(secrets) == 15 + 6 and all(secret.startswith("009-9") for secret in secrets)


def test_data_that_holds_every_secret_is_refused(few_secrets: CanaryFormat) -> None:
    every = " ".join(few_secrets.write(number) for number in range(9_990))
    with pytest.raises(BenchError, match=r"task 'notes': privacy: the data holds 9,990 texts .* format 'record'"):
        draw_canaries(make_task(), make_examples(30), [Example("t", {"input": every}, ("note",))])


def test_a_name_in_the_data_is_not_used() -> None:
    name = next(c.prefix for c in draw_canaries(make_task(), make_examples(30), ()).canaries if c.format == "contact")
    taken = [Example("t", {"input": f"Yesterday, {name} his desk."}, ("note",))]
    assert name not in {canary.prefix for canary in draw_canaries(make_task(), make_examples(30), taken).canaries}


def test_fewer_training_examples_than_canaries_are_one_clear_error() -> None:
    with pytest.raises(BenchError, match=r"task 'notes': privacy: canaries: 3 .* need 6 training examples, and there are 5"):
        draw_canaries(make_task(), make_examples(5), ())


def test_examples_without_targets_carry_a_canary_alone() -> None:
    train = [Example(f"{i}", {"input": f"question {i}"}, ()) for i in range(8)]
    drawn = draw_canaries(make_task(repeats=(1,)), train, ())
    assert [example.targets for example in plant(make_task(), drawn.canaries)] == [(canary.sentence,) for canary in drawn.canaries]
