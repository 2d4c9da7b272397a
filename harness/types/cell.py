"""One experiment of a run and its result: cells, costs, and what training reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.types.cascade_measurement import CascadeMeasurement
from harness.types.cell_note import CellNote
from harness.types.hosted_measurement import HostedMeasurement
from harness.types.leak_measurement import LeakMeasurement
from harness.types.memory_step import MemoryUse
from harness.types.score_total import ScoreTotal
from harness.types.served_measurement import ServedMeasurement
from harness.types.serving_measurement import ServingMeasurement
from harness.types.train_spec import Objective
from harness.types.trial import TrialMeasurement

Phase = Literal["load", "train", "validate", "store", "predict", "score"]
Status = Literal["done", "failed", "out-of-memory", "diverged", "interrupted"]
# decoder: causal language models; encoder-decoder: T5, BART; encoder: BERT and its relatives, with a classification head.
Shape = Literal["decoder", "encoder-decoder", "encoder"]


@dataclass(frozen=True)
class Cell:
    """One experiment of the grid."""

    id: str
    """A hash of everything that can change the result."""
    task: str
    """The name of the task."""
    model: str
    """The name of the base model in the run."""
    strategy: str
    """The name of the strategy."""
    train_size: int
    """The training examples that the strategy uses: 0 for a prompt alone, the shots of a few-shot prompt."""
    seed: int | None
    """None if the seed cannot change the result."""


@dataclass(frozen=True)
class Cost:
    """The cost of one phase of a cell."""

    phase: Phase
    seconds: float
    """Wall-clock time."""
    device: str
    """The name of the device."""
    peak_allocated: int | None = None
    """Peak memory in bytes: what torch allocated on a GPU; on a CPU, the resident set, on Linux without files of libraries, as a guide."""
    peak_reserved: int | None = None
    """Peak memory in bytes that torch reserved on a GPU; None on a CPU."""
    tokens: int = 0
    """The tokens processed."""
    energy: float | None = None
    """In joules; None if the machine does not measure it."""
    price: float | None = None
    """In `currency`; None if the price of the device is unknown."""
    currency: str = "USD"
    """The currency of `price`, as an ISO code."""


@dataclass(frozen=True)
class TrainingSummary:
    """What the training loop reports. Losses are cross-entropies in nats per target token, or the mean loss of preference pairs; None
    without validation examples.
    """

    steps: int
    """Optimizer steps."""
    epochs: float
    """Passes over the training examples; fractions occur."""
    learning_rate: float
    """The peak learning rate."""
    best_step: int
    """The step whose weights were kept."""
    best_validation_loss: float | None
    final_validation_loss: float | None
    stopped_early: bool
    """Whether training ended because validation had not improved for long enough."""
    overfitting: bool
    """Whether validation loss rose after the best step while training loss fell."""
    examples: int
    """The training examples."""
    target_tokens: int
    """The tokens on which the loss was computed."""
    truncated: int = 0
    """The training examples that were cut to fit the context."""
    objective: Objective = "likelihood"
    """What was learned."""
    preferences: tuple[int, int] | None = None
    """With `objective: dpo`, the validation pairs whose better answer has gained on the worse one since the training began, with the
    weights that were kept, and all validation pairs; None for other objectives, and without validation pairs."""
    memory: MemoryUse = field(default_factory=MemoryUse, compare=False)
    """What the training did to fit its device. It says nothing about the result, so equal trainings may differ in it."""
    trained_together: int = field(default=1, compare=False)
    """The most cells that took a step together, whose time was divided by tokens; 1: it took all steps alone."""
    products_per_second: float | None = field(default=None, compare=False)
    """Operations per second of large matrix products on its device, measured right after it; None where that is not measured."""


@dataclass(frozen=True)
class CellResult:
    """The outcome of one cell."""

    cell: Cell
    status: Status
    """Running out of memory and diverging are results like any other."""
    costs: tuple[Cost, ...] = ()
    """One per phase."""
    provenance: Mapping[str, str] = field(default_factory=dict)
    """Versions, machine and code with which this cell was computed."""
    error: str | None = None
    """One line for people; the traceback is in the cell's log."""
    trainable_parameters: int = 0
    """The parameters that were trained; 0 if nothing was trained."""
    total_parameters: int = 0
    """The parameters of the base model."""
    artifact_bytes: int = 0
    """The size of the stored adapter or model."""
    training: TrainingSummary | None = None
    """None if nothing was trained."""
    truncated_prompts: int = 0
    """The test prompts that were cut to fit the context."""
    notes: tuple[CellNote, ...] = ()
    """What a reader of the result must know."""
    general_loss: tuple[float, float] | None = None
    """The loss on general text before and after tuning, in nats per token; None if nothing was tuned, or the model is not a decoder."""
    signatures: Mapping[str, str] = field(default_factory=dict)
    """By score, the signature of the metric that computed the stored scores. A reader whose metric has the same signature can use them
    as they are."""
    leak: LeakMeasurement | None = None
    """What the leak test measured; None for every other cell."""
    trial: TrialMeasurement | None = None
    """What a trial of a search measured; None for every other cell."""
    serving: ServingMeasurement | None = None
    """What the model takes to answer in service; None where that was not measured."""
    served: ServedMeasurement | None = None
    """What a server with the exported model answered; None where none was asked in this run."""
    totals: Mapping[str, ScoreTotal] = field(default_factory=dict)
    """Scores of which only the total was imported, by name; there are no predictions then. Empty for every other cell."""
    hosted: HostedMeasurement | None = None
    """What a hosted model answered, and at what cost; None for every other strategy."""
    cascade: CascadeMeasurement | None = None
    """How a cascade chose which answers it passes on; None for every other strategy."""
