"""New examples for a finished cell get the inputs of the run's examples, some of which may lack an optional input."""

from types import SimpleNamespace

import pytest

from harness.engine.artifacts.new_examples import fit_examples
from harness.errors import BenchError
from harness.types import Example

RUN = (
    Example("1", {"question": "who?"}, ("a",)),
    Example("2", {"question": "where?", "context": "It is here."}, ("b",)),
)
ASKS = "{% if context is defined %}{{ context }} {% endif %}{{ question }}"


def finished(prompt=ASKS, shape="decoder"):
    run = SimpleNamespace(examples=lambda _: RUN)
    return SimpleNamespace(
        run=run, example=RUN[0], task=SimpleNamespace(name="t", prompt=prompt), strategy=SimpleNamespace(prompt=None), shape=shape
    )


def row(**inputs):
    return Example("new", inputs, (), meta={"other": "x"})


@pytest.mark.parametrize("shape", ["decoder", "encoder"])
def test_optional_input_is_kept_even_if_the_first_example_of_the_run_lacks_it(shape):
    rows = fit_examples(finished(shape=shape), [row(context="Here.", question="where?"), row(question="who?", more="y")], "new.jsonl")
    assert [dict(r.inputs) for r in rows] == [{"question": "where?", "context": "Here."}, {"question": "who?"}]
    assert list(rows[0].inputs) == ["question", "context"], "in the order of the run"


def test_inputs_that_the_prompt_needs_are_required():
    with pytest.raises(BenchError, match=r"new\.csv: 1 of 2 rows have no 'context', which the prompt needs"):
        fit_examples(finished("{{ context }} {{ question }}"), [row(question="q"), row(question="q", context="c")], "new.csv")
    with pytest.raises(BenchError, match=r"no column for the input 'question'\. Name it: fields=.* text, other"):
        fit_examples(finished(), [row(text="q")], "new.csv")
