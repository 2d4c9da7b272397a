"""How weights are trained: a training recipe."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import Field, field_validator, model_validator

from harness.types.declared import Declared, Fraction

Number = TypeVar("Number", int, float)
MOST_EPOCHS = 1000.0
DPO_BETA = 0.1  # of its authors, and of TRL
HIGHEST_LEARNING_RATE = 1.0
# One number, or a table from a model size ("50M", "1B", "inf": up to so many parameters) to a number.
BySize: TypeAlias = Number | Mapping[str, Number]
Optimizer: TypeAlias = Literal["adamw", "adamw_8bit", "paged_adamw_8bit", "paged_adamw_32bit", "adafactor"]
WeightsFormat: TypeAlias = Literal["float32", "bfloat16"]
Updates: TypeAlias = Literal["stochastic", "compensated"]
Attention: TypeAlias = Literal["auto", "sdpa", "flash"]
Objective: TypeAlias = Literal["likelihood", "dpo"]
LossPlace: TypeAlias = Literal["answer", "assistant"]
Choice: TypeAlias = Literal["auto", "on", "off"]
# They change memory and speed, and the result only by rounding: they are no part of a cell's identity.
MEMORY_FIELDS = frozenset({"attention", "compilation", "gradient_checkpointing", "micro_batch_tokens"})


class TrainSpec(Declared):
    """A training recipe."""

    objective: Objective = "likelihood"
    """What is learned: to write the targets, or, with dpo, to prefer the targets to the rejected answers of preference pairs (direct
    preference optimization)."""
    beta: Annotated[float, Field(gt=0, le=10)] | None = None
    """With dpo: how strongly the model is held to the one that it starts from. None: 0.1."""
    epochs: Annotated[float, Field(gt=0, le=MOST_EPOCHS)] = 3.0
    """Passes over the training examples; fractions are allowed."""
    batch_size: BySize[Annotated[int, Field(ge=1)]] = 8
    """The effective batch in examples: a number, or a table by model size."""
    micro_batch_tokens: Annotated[int, Field(ge=1)] | None = None
    """The tokens, padding included, that go through the model at once; None: what suits the device. Changes memory and speed, but the
    result only by rounding."""
    max_length: Annotated[int, Field(ge=1)] | None = None
    """The most tokens of a training example, prompt and target together; longer ones are cut. None: as for the task's test examples."""
    completion_only: bool = True
    """Whether the loss is on the target alone; False: a decoder also learns to write the prompts. The validation loss, which decides on the
    best weights, is always on the target alone."""
    loss_on: LossPlace = "answer"
    """Where a decoder learns from conversations: on their last answer, which is the target, or on every turn of the assistant."""
    learning_rate: BySize[Annotated[float, Field(gt=0, le=HIGHEST_LEARNING_RATE)]] = 2e-4
    """The peak learning rate: a number, or a table by model size."""
    lora_plus: Annotated[float, Field(ge=1)] | None = None
    """For LoRA: the learning rate of the matrices B, as a multiple of `learning_rate` (LoRA+); None: the same for all."""
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    """How the learning rate develops after the warm-up."""
    warmup: Fraction = 0.05
    """The share of the steps in which the learning rate rises."""
    optimizer: Optimizer = "adamw"
    """AdamW; with states in 8 bits; with states that move to the CPU's memory when the GPU's is full (`paged`); or Adafactor, whose states
    take hardly any memory."""
    weights: WeightsFormat = "float32"
    """For method `full`: the format of the trained weights."""
    updates: Updates = "stochastic"
    """For weights in bfloat16: how updates that are smaller than the format's precision are kept. They are rounded stochastically, which
    keeps them on average, or what rounding has cut off is added to the next update (`compensated`), for 2 more bytes per weight."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Of the optimizer: decoupled, as in AdamW."""
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    """Gradients are clipped to this norm."""
    neftune: Annotated[float, Field(gt=0)] | None = None
    """The strength α of noise on the embeddings of training examples (NEFTune); None: no noise."""
    gradient_checkpointing: Choice = "auto"
    """Whether activations are computed again for the backward pass instead of being kept; auto: if the training does not fit otherwise.
    Changes memory and speed, but the result only by rounding."""
    attention: Attention = "auto"
    """The implementation of attention in training; auto: the one that transformers prefers. Changes memory and speed, but the result only
    by rounding."""
    compilation: Choice = "auto"
    """Whether parts of the layers are compiled, for a CPU with a C++ compiler or for a GPU with Triton; auto: on a CPU, if the training is
    long enough to pay for it. Changes memory and speed, but the result only by rounding."""
    validations_per_epoch: Annotated[int, Field(ge=1, le=100)] = 2
    """How often the validation loss is computed."""
    patience: Annotated[int, Field(ge=1)] | None = 4
    """Validations without improvement after which training stops; None: never."""

    @field_validator("compilation", "gradient_checkpointing", mode="before")
    @classmethod
    def _read_switch(cls, value: object) -> object:
        """YAML reads `on` and `off` as true and false."""
        return {True: "on", False: "off"}[value] if isinstance(value, bool) else value

    @field_validator("batch_size", "learning_rate")
    @classmethod
    def _check_sizes(cls, value: BySize[Number]) -> BySize[Number]:
        if isinstance(value, Mapping):
            for size in value:
                parameter_count(size)
            if not any(parameter_count(size) == math.inf for size in value):
                raise ValueError("the table needs an entry 'inf' for models larger than all others")
        return value

    @model_validator(mode="after")
    def _check_objective(self) -> TrainSpec:
        if self.objective != "dpo" and self.beta is not None:
            raise ValueError("'beta' is for 'objective: dpo': remove it, or set the objective")
        if self.objective == "dpo" and (self.loss_on != "answer" or not self.completion_only):
            field = "completion_only: false" if not self.completion_only else "loss_on: assistant"
            raise ValueError(f"'objective: dpo' compares whole answers: remove '{field}'")
        return self

    @property
    def preference_strength(self) -> float | None:
        """β of direct preference optimization; None for other objectives."""
        return (DPO_BETA if self.beta is None else self.beta) if self.objective == "dpo" else None

    @model_validator(mode="after")
    def _check_loss_places(self) -> TrainSpec:
        if self.loss_on == "assistant" and not self.completion_only:
            raise ValueError("'completion_only: false' puts the loss on the whole prompt: remove it, or 'loss_on: assistant'")
        return self

    def learning_rate_for(self, parameters: int) -> float:
        """The learning rate for a base model with so many parameters."""
        return _value_for_size(self.learning_rate, parameters)

    def batch_size_for(self, parameters: int) -> int:
        """The effective batch, in examples, for a base model with so many parameters."""
        return _value_for_size(self.batch_size, parameters)


def parameter_count(text: str) -> float:
    """The number of parameters in a text such as "50M", "1.5B" or "inf".

    Raises:
        ValueError: the text is not a model size.
    """
    units = {"K": 1e3, "M": 1e6, "B": 1e9}
    if text == "inf":
        return math.inf
    try:
        value = float(text[:-1]) * units[text[-1:].upper()]
    except (KeyError, ValueError):
        raise ValueError(f"'{text}' is not a model size. Write it as 50M, 1.5B or inf") from None
    if not 0 < value < math.inf:
        raise ValueError(f"'{text}' is not a model size: it must be above 0")
    return value


def _value_for_size(value: BySize[Number], parameters: int) -> Number:
    if not isinstance(value, Mapping):
        return value
    fitting = [size for size in value if parameter_count(size) >= parameters]
    return value[min(fitting, key=parameter_count)]
