"""How a model is adapted: a strategy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import Field, field_validator, model_validator

from harness.types.declared import Declared, Fraction

Method = Literal["prompt", "full", "peft", "outputs"]
# A strategy with overrides is named as it is typed: lora:r=8,learning_rate=1e-4
StrategyName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._=,+:-]*$", max_length=160)]
Number = TypeVar("Number", int, float)
MOST_EPOCHS = 1000.0
HIGHEST_LEARNING_RATE = 1.0
# One number, or a table from a model size ("50M", "1B", "inf": up to so many parameters) to a number.
BySize: TypeAlias = Number | Mapping[str, Number]


class QuantizationSpec(Declared):
    """4-bit weights of the frozen base model (bitsandbytes). Adapters stay in float32."""

    type: Literal["nf4", "fp4"] = "nf4"
    """The 4-bit data type."""
    double_quantization: bool = True
    """Whether the quantization constants are quantized, too."""


class OutputsSpec(Declared):
    """A file of external outputs."""

    path: str
    """The file, as it was given."""
    sha256: str
    """A hash of the file's content."""
    price_per_1k: Annotated[float, Field(ge=0)] | None = None
    """The price of 1,000 outputs in USD; None if it is unknown."""


class TrainSpec(Declared):
    """A training recipe."""

    epochs: Annotated[float, Field(gt=0, le=MOST_EPOCHS)] = 3.0
    """Passes over the training examples; fractions are allowed."""
    batch_size: BySize[Annotated[int, Field(ge=1)]] = 8
    """The effective batch in examples: a number, or a table by model size."""
    micro_batch_tokens: Annotated[int, Field(ge=1)] | None = None
    """The tokens, padding included, that go through the model at once; None: what suits the device. Changes speed and memory, but the
    result only by rounding."""
    learning_rate: BySize[Annotated[float, Field(gt=0, le=HIGHEST_LEARNING_RATE)]] = 2e-4
    """The peak learning rate: a number, or a table by model size."""
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    """How the learning rate develops after the warm-up."""
    warmup: Fraction = 0.05
    """The share of the steps in which the learning rate rises."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Of AdamW."""
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    """Gradients are clipped to this norm."""
    validations_per_epoch: Annotated[int, Field(ge=1, le=100)] = 2
    """How often the validation loss is computed."""
    patience: Annotated[int, Field(ge=1)] | None = 4
    """Validations without improvement after which training stops; None: never."""

    @field_validator("batch_size", "learning_rate")
    @classmethod
    def _check_sizes(cls, value: BySize[Number]) -> BySize[Number]:
        if isinstance(value, Mapping):
            for size in value:
                parameter_count(size)
            if not any(parameter_count(size) == math.inf for size in value):
                raise ValueError("the table needs an entry 'inf' for models larger than all others")
        return value

    def learning_rate_for(self, parameters: int) -> float:
        """The learning rate for a base model with so many parameters."""
        return _value_for_size(self.learning_rate, parameters)

    def batch_size_for(self, parameters: int) -> int:
        """The effective batch, in examples, for a base model with so many parameters."""
        return _value_for_size(self.batch_size, parameters)


class Strategy(Declared):
    """How a model is adapted.

    | method | |
    | --- | --- |
    | `prompt` | nothing is trained: the base model with the task's prompt or the strategy's own, and optionally `shots` |
    | `full` | every weight is trained |
    | `peft` | an adapter is trained on the frozen base model |
    | `outputs` | external outputs, read from a file |
    """

    name: StrategyName
    """Unique in a run."""
    method: Method
    description: str = ""
    """One line for lists and reports."""
    prompt: str | None = None
    """Replaces the task's prompt."""
    shots: Annotated[int, Field(ge=0, le=1000)] = 0
    """For method `prompt`: the number of training examples shown before the prompt."""
    adapter: Mapping[str, Any] = Field(default_factory=dict)
    """For method `peft`: the fields of PEFT's config class for this `peft_type`."""
    quantization: QuantizationSpec | None = None
    """For methods `prompt` and `peft`: 4-bit weights of the base model."""
    train: TrainSpec | None = None
    """For methods `full` and `peft`: the training recipe."""
    outputs: OutputsSpec | None = None
    """For method `outputs`: the file."""

    @model_validator(mode="after")
    def _check_consistency(self) -> Strategy:
        problems = []
        if self.method == "peft" and "peft_type" not in self.adapter:
            problems.append("method 'peft' needs 'adapter' with a 'peft_type' such as LORA")
        if self.method != "peft" and self.adapter:
            problems.append(f"method '{self.method}' takes no 'adapter'")
        if self.method == "full" and self.quantization:
            problems.append("method 'full' cannot train 4-bit weights: remove 'quantization'")
        if (self.method == "outputs") != (self.outputs is not None):
            problems.append("external outputs are given as outputs:FILE in the list of strategies, not in a strategy file")
        if (self.method in ("prompt", "outputs")) == (self.train is not None):
            problems.append(f"method '{self.method}' takes no 'train'" if self.train else f"method '{self.method}' needs 'train'")
        if self.method != "prompt" and self.shots:
            problems.append(f"method '{self.method}' takes no 'shots': it learns from the training examples")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def deterministic(self) -> bool:
        """Whether the seed cannot change the result, because nothing is trained and no examples are drawn."""
        return self.train is None and self.shots == 0


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
