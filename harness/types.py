"""The vocabulary: frozen value types that every room of the house shares. No behaviour beyond what a value knows about itself.

Two families live here. What users declare (`Task`, `Strategy` and their parts) are strict pydantic models, so that a YAML file
and a Python call are checked by the same rules. What the program measures (`Example`, `Prediction`, `Cost`, …) are dataclasses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Kind = Literal["summarization", "classification"]
Method = Literal["base", "full", "peft"]
PromptFormat = Literal["auto", "plain", "chat"]
Phase = Literal["load", "train", "validate", "store", "predict", "score"]
Status = Literal["done", "failed", "out-of-memory", "diverged", "interrupted"]
SplitName = Literal["train", "validation", "test"]
Finish = Literal["stop", "length", "choice"]

Fraction = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._=,+-]*$", max_length=80)]


class Declared(BaseModel):
    """Base of everything that users write: frozen, and an unknown field is an error rather than a silent no-op."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


# ---------------------------------------------------------------------------------------------- what users declare


class SplitSpec(Declared):
    """How one file is split: shares that sum to 1, drawn with a seed; rows of one group stay together."""

    train: Fraction = 0.8
    validation: Fraction = 0.1
    test: Fraction = 0.1
    seed: int = 13

    @model_validator(mode="after")
    def _sums_to_one(self) -> SplitSpec:
        total = self.train + self.validation + self.test
        if not math.isclose(total, 1.0, abs_tol=1e-6):
            raise ValueError(f"the shares of train, validation and test must sum to 1, not {total:g}")
        if self.train == 0 or self.test == 0:
            raise ValueError("train and test must each have a share above 0")
        return self


class FilesSpec(Declared):
    """Files whose split is already given. Without `validation`, a tenth of `train` is set aside for it."""

    train: str
    validation: str | None = None
    test: str


class DataSpec(Declared):
    """Where the rows come from and which column is which.

    `fields` maps a role to a column: `target` (needed), `group`, `id`, and any other name, which becomes a variable of the
    prompt. Without `fields`, columns named like the roles are taken as they are, and `prompt`/`completion` rows are understood.
    """

    path: str | FilesSpec | None = None
    source: Name | None = None
    size: Annotated[int, Field(ge=10)] = 700
    seed: int = 7
    fields: Mapping[str, str] = Field(default_factory=dict)
    split: SplitSpec = SplitSpec()
    skip_bad_rows: bool = False

    @model_validator(mode="after")
    def _one_origin(self) -> DataSpec:
        if (self.path is None) == (self.source is None):
            raise ValueError("name exactly one of 'path' (a file) and 'source' (a registered source)")
        return self


class DecodeSpec(Declared):
    """How text is generated. Greedy: the most likely token at each step, so that a run can be repeated."""

    max_new_tokens: Annotated[int, Field(ge=1, le=32768)] = 96


class Task(Declared):
    """What is measured.

    `margin` is Δ: the loss on the primary score, in the score's own unit, that the task's owner would accept.
    `labels` are the classes of a classification task; without it they are the distinct targets of the data.
    `max_length` caps prompt and answer together, in tokens, below the model's own context; it is the same for every strategy.
    """

    name: Name
    kind: Kind
    version: int = 1
    description: str = ""
    data: DataSpec
    prompt: str
    prompt_format: PromptFormat = "auto"
    labels: tuple[str, ...] = ()
    metrics: Annotated[tuple[str, ...], Field(min_length=1)]
    primary: str
    margin: Annotated[float, Field(gt=0)] = 0.01
    max_length: Annotated[int, Field(ge=16)] = 2048
    decode: DecodeSpec = DecodeSpec()

    @field_validator("labels")
    @classmethod
    def _distinct(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if labels and (len(set(labels)) < max(2, len(labels)) or "" in labels):
            raise ValueError("labels must be at least two distinct, non-empty strings")
        return labels


class QuantizationSpec(Declared):
    """4-bit weights of the frozen base model (bitsandbytes); the adapter stays in float32."""

    type: Literal["nf4", "fp4"] = "nf4"
    double_quantization: bool = True


class TrainSpec(Declared):
    """One training recipe.

    `batch_size` is the effective batch in examples; it is cut into as many micro-batches as fit `micro_batch_tokens` (padding
    included; None: what suits the device), which changes speed and memory but not the result beyond rounding. `learning_rate`
    is a number, or a table from a model size ("50M", "1B", "inf": up to so many parameters) to a number. `patience` counts
    validations without improvement.
    """

    epochs: Annotated[float, Field(gt=0, le=1000)] = 3.0
    batch_size: Annotated[int, Field(ge=1)] = 8
    micro_batch_tokens: Annotated[int, Field(ge=1)] | None = None
    learning_rate: Annotated[float, Field(gt=0, le=1)] | Mapping[str, Annotated[float, Field(gt=0, le=1)]] = 2e-4
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    warmup: Fraction = 0.05
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    validations_per_epoch: Annotated[int, Field(ge=1, le=100)] = 2
    patience: Annotated[int, Field(ge=1)] | None = 4

    @field_validator("learning_rate")
    @classmethod
    def _sizes(cls, rate: float | Mapping[str, float]) -> float | Mapping[str, float]:
        if isinstance(rate, Mapping):
            for size in rate:
                parameter_count(size)
            if not any(parameter_count(size) == math.inf for size in rate):
                raise ValueError("the table needs an entry 'inf' for models larger than all others")
        return rate

    def learning_rate_for(self, parameters: int) -> float:
        """The learning rate for a base model of so many parameters."""
        if not isinstance(self.learning_rate, Mapping):
            return self.learning_rate
        fitting = [size for size in self.learning_rate if parameter_count(size) >= parameters]
        return self.learning_rate[min(fitting, key=parameter_count)]


def parameter_count(text: str) -> float:
    """Parameters written as people do: '50M', '1.5B', 'inf'.

    Raises:
        ValueError: when the text is none of these.
    """
    units = {"K": 1e3, "M": 1e6, "B": 1e9}
    if text == "inf":
        return math.inf
    try:
        value = float(text[:-1]) * units[text[-1:].upper()]
    except (KeyError, ValueError):
        raise ValueError(f"'{text}' is no model size: write it like 50M, 1.5B or inf") from None
    if not 0 < value < math.inf:
        raise ValueError(f"'{text}' is no model size: it must be above 0")
    return value


class Strategy(Declared):
    """How a model is adapted.

    `adapter` goes to PEFT's config class of that `peft_type` as it is; `prompt` replaces the task's prompt.
    """

    name: Name
    method: Method
    description: str = ""
    prompt: str | None = None
    adapter: Mapping[str, Any] = Field(default_factory=dict)
    quantization: QuantizationSpec | None = None
    train: TrainSpec | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Strategy:
        problems = []
        if self.method == "peft" and "peft_type" not in self.adapter:
            problems.append("method 'peft' needs 'adapter' with a 'peft_type' such as LORA")
        if self.method != "peft" and self.adapter:
            problems.append(f"method '{self.method}' takes no 'adapter'")
        if self.method == "full" and self.quantization:
            problems.append("method 'full' cannot train 4-bit weights: leave 'quantization' out")
        if (self.method == "base") == (self.train is not None):
            problems.append("method 'base' takes no 'train'" if self.train else f"method '{self.method}' needs 'train'")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def deterministic(self) -> bool:
        """Whether the training seed cannot change the result (nothing is trained)."""
        return self.train is None


# ------------------------------------------------------------------------------------------------- what is measured


@dataclass(frozen=True, slots=True)
class Example:
    """One row of a task. `targets` holds the references (the label, for classification); `group` names the cluster it shares."""

    id: str
    inputs: Mapping[str, str]
    targets: tuple[str, ...]
    choices: tuple[str, ...] = ()
    group: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DataReport:
    """What was found while the rows were read and split; every count is in rows."""

    origin: Mapping[str, str]
    sizes: Mapping[str, int]
    sampled_from: Mapping[str, int]
    skipped: Sequence[str] = ()
    duplicates: Mapping[str, int] = field(default_factory=dict)
    removed_from_train: int = 0
    removed_from_validation: int = 0
    shared_groups_removed: int = 0
    unseen_labels: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Splits:
    """The rows of a task, ready to use. `digest` is a hash of their content and order."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    test: tuple[Example, ...]
    report: DataReport
    digest: str


@dataclass(frozen=True)
class Cell:
    """One square of the grid. `id` is a hash of everything that can change its result; `seed` is None where no seed matters."""

    id: str
    task: str
    model: str
    strategy: str
    train_size: int
    seed: int | None


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row a test example.

    `label_logprobs` are natural logarithms in the order of the example's choices; `scores` holds the numbers of the metrics
    that judge single examples (None: the question does not arise); `finish` says what ended the output.
    """

    example_id: str
    output: str
    extracted: str | None = None
    label_logprobs: tuple[float, ...] = ()
    scores: Mapping[str, float | None] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    finish: Finish = "stop"


Statistic = tuple[float, ...]


@dataclass(frozen=True)
class Metric:
    """A score, in two steps that everything which resamples can use.

    `per_example(example, prediction)` gives the additive statistic of one row, a tuple of `d` numbers (`None`: the question does
    not arise for this row); `aggregate(total, n)` turns the sum of the statistics of n rows into the score. `total` may have
    leading axes, (…, d) → (…), so that thousands of resamples are aggregated at once. For level "example" the statistic
    is (score,) and the aggregate is the mean.
    """

    name: str
    direction: Literal["higher", "lower", "none"]
    unit: str
    level: Literal["example", "corpus"]
    per_example: Callable[[Example, Prediction], Statistic | None]
    aggregate: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
    signature: str


@dataclass(frozen=True)
class Score:
    """An aggregated score with its 95 % interval (None where no valid interval exists), the rows it rests on and the method."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str
    dropped: int = 0


@dataclass(frozen=True)
class Cost:
    """What one phase of a cell took.

    Seconds of wall clock, bytes of peak memory (on a GPU allocated and reserved by torch, on a CPU the resident set, which
    is information and not a result), tokens processed, joules where the machine measures them, and money in `currency`.
    """

    phase: Phase
    seconds: float
    device: str
    peak_allocated: int | None = None
    peak_reserved: int | None = None
    tokens: int = 0
    energy: float | None = None
    price: float | None = None
    currency: str = "USD"


@dataclass(frozen=True)
class TrainingSummary:
    """What the training loop did. Losses are natural-log cross-entropies per target token; None without validation rows."""

    steps: int
    epochs: float
    learning_rate: float
    best_step: int
    best_validation_loss: float | None
    final_validation_loss: float | None
    stopped_early: bool
    overfitting: bool
    examples: int
    target_tokens: int
    truncated: int = 0


@dataclass(frozen=True)
class CellResult:
    """The outcome of one cell. `error` is one line for people; the traceback is in the cell's log."""

    cell: Cell
    status: Status
    costs: tuple[Cost, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    trainable_parameters: int = 0
    total_parameters: int = 0
    artifact_bytes: int = 0
    training: TrainingSummary | None = None
    truncated_prompts: int = 0
    notes: tuple[str, ...] = ()


def total_cost(costs: Sequence[Cost]) -> dict[str, float | int | None]:
    """The sum over phases: seconds, tokens, money; and the largest peak of memory. None where any phase lacks the number."""
    prices = [c.price for c in costs]
    energies = [c.energy for c in costs]
    peaks = [c.peak_allocated for c in costs if c.peak_allocated is not None]
    return {
        "seconds": sum(c.seconds for c in costs),
        "tokens": sum(c.tokens for c in costs),
        "price": sum(p for p in prices if p is not None) if prices and None not in prices else None,
        "energy": sum(e for e in energies if e is not None) if energies and None not in energies else None,
        "peak_allocated": max(peaks, default=None),
    }
