"""What the program measures: frozen value types that every room shares. No behaviour beyond what a value knows about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Phase = Literal["load", "train", "validate", "store", "predict", "score"]
Status = Literal["done", "failed", "out-of-memory", "diverged", "interrupted"]
SplitName = Literal["train", "validation", "test"]
Finish = Literal["stop", "length", "choice"]
# decoder: causal language models; encoder-decoder: T5, BART; encoder: BERT and its family, with a classification head.
Shape = Literal["decoder", "encoder-decoder", "encoder"]


@dataclass(frozen=True, slots=True)
class Example:
    """One row of a task.

    `targets` holds the references (the label, where answers are chosen); a question without an answer has none. `group` names the
    cluster that the row shares.
    """

    id: str
    inputs: Mapping[str, str]
    targets: tuple[str, ...]
    choices: tuple[str, ...] = ()
    group: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DataReport:
    """What was found while the rows were read and split; every count is in rows.

    `folded` is, by split, how many rows became further references of another row. `skipped` names the first of the
    `skipped_rows`.
    """

    origin: Mapping[str, str]
    sizes: Mapping[str, int]
    sampled_from: Mapping[str, int]
    skipped: tuple[str, ...] = ()
    skipped_rows: int = 0
    duplicates: Mapping[str, int] = field(default_factory=dict)
    removed_from_train: int = 0
    removed_from_validation: int = 0
    shared_groups_removed: int = 0
    folded: Mapping[str, int] = field(default_factory=dict)
    unseen_labels: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


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
    """One square of the grid. `id` is a hash of everything that can change its result; `seed` is None where no seed matters.

    `train_size` is the number of training rows that the strategy uses: 0 where only the prompt counts, the shots of a few-shot prompt.
    """

    id: str
    task: str
    model: str
    strategy: str
    train_size: int
    seed: int | None


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row a test example.

    `output` is what the model wrote, `extracted` the answer in it. `label_logprobs` are natural logarithms in the order of the example's
    choices; `scores` holds the numbers of the metrics that judge single examples (None: the question does not arise);
    `finish` says what ended the output.
    """

    example_id: str
    output: str
    extracted: str | None = None
    label_logprobs: tuple[float, ...] = ()
    scores: Mapping[str, float | None] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    finish: Finish = "stop"

    @property
    def answer(self) -> str:
        """What is scored: the extracted answer, else the whole output."""
        return self.output if self.extracted is None else self.extracted


Statistic = tuple[float, ...]


@dataclass(frozen=True)
class Metric:
    """A score, in two steps that everything which resamples can use.

    `per_example(example, prediction)` gives the additive statistic of one row, a tuple of `d` numbers (`None`: the question does
    not arise for this row); `aggregate(total, n)` turns the sum of the statistics of n rows into the score. `total` may have
    leading axes, (…, d) → (…), so that thousands of resamples are aggregated at once. For level "example" the statistic
    is (score,) and the aggregate is the mean.

    A score that no sum gives (a rank statistic) has level "rows": there `aggregate(rows, weights)` takes the statistics of all rows,
    (n, d), and how often each row counts, (…, n) → (…). `resampling_biased` says that resampling
    is known to shift this score, so that its bootstrap intervals are not reliable.
    """

    name: str
    direction: Literal["higher", "lower", "none"]
    unit: str
    level: Literal["example", "corpus", "rows"]
    per_example: Callable[[Example, Prediction], Statistic | None]
    aggregate: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
    signature: str
    resampling_biased: bool = False


@dataclass(frozen=True)
class Score:
    """An aggregated score with its 95% interval (None where no valid interval exists), the n examples it rests on and the method.

    `dropped` examples do not have this score. `reliable` tells whether the data are within the range in which the method is known to hold;
    where they are not, or there is no interval, `reason` says why.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str
    dropped: int = 0
    reliable: bool = True
    reason: str = ""


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
    """The outcome of one cell. `error` is one line for people; the traceback is in the cell's log.

    `signatures` are those of the metrics whose scores stand with the predictions, by score: who reads them with the same metric need not
    count again.
    `general_loss` is the loss on general text before and after tuning, in nats per token; None where nothing was tuned, or the model is
    no decoder.
    """

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
    general_loss: tuple[float, float] | None = None
    signatures: Mapping[str, str] = field(default_factory=dict)


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
