"""`max_length` and `completion_only`: what a training example becomes."""

import pytest

from harness.engine.inference import Predictor
from harness.engine.tuning import encode_examples
from harness.errors import BenchError
from harness.types import DataSpec, DecodeSpec, Example, Strategy, Task, TrainSpec

TASK = Task(
    name="t", kind="generation", prompt="Copy: {{ input }}\n", data=DataSpec(source="x"), metrics=("rouge",), primary="rougeL",
    decode=DecodeSpec(max_new_tokens=40),
)  # fmt: skip
EXAMPLES = [Example("long", {"input": "one two three four five six seven " * 5}, ("one two",)), Example("short", {"input": "a"}, ("b",))]


@pytest.fixture
def encode(loaded):
    def run(examples=EXAMPLES, **recipe):
        spec = TrainSpec(**recipe)
        predictor = Predictor(TASK, Strategy(name="s", method="full", train=spec), loaded)
        return encode_examples(predictor, examples, spec)

    return run


def test_long_examples_are_cut_in_their_input_and_keep_their_target(encode):
    (long, short), cut = encode()
    (cut_long, same), one = encode(max_length=30)
    assert (cut, one) == (0, 1)
    assert same == short
    assert cut_long.length <= 30 < long.length
    assert cut_long.target == long.target
    assert cut_long.size == long.size, "batches are those of all strategies"


def test_a_target_loses_its_end_only_if_half_of_the_length_is_not_enough(encode):
    talkative = Example("talkative", {"input": "one two three four five six seven eight nine ten"}, ("six seven eight nine ten " * 5,))
    (whole,), _ = encode(examples=[talkative])
    (cut_row,), one = encode(examples=[talkative], max_length=20)
    assert one == 1 and len(cut_row.prompt) == 10 == len(cut_row.target)
    assert cut_row.target == whole.target[:10]


def test_a_length_without_room_for_the_instruction_is_refused(encode):
    with pytest.raises(BenchError, match=r"strategy 's': train\.max_length 2 is too low: the instruction of the prompt alone takes"):
        encode(max_length=2)


def test_the_loss_can_be_on_the_prompt_too(encode):
    plain, _ = encode()
    both, _ = encode(completion_only=False)
    for one, other in zip(plain, both, strict=True):
        assert len(other.prompt) == 1
        assert other.prompt + other.target == one.prompt + one.target
