"""What a report says, as values that a template can print: the shape of it. `reporting.build` fills it from a run.

Texts are as they were stored; whoever shows them sends them through `text.visible`. Numbers are raw; `numbers` words them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.metrics import ClassScores
from harness.reporting.views.review_view import ReviewView
from harness.reporting.views.text_table import TextTable
from harness.results import StrategyResult
from harness.statistics import Comparison, KeptGain, LearningCurve, PairVerdict, Standing
from harness.store import ModelInfo
from harness.types import DataReport, Score

_OPPOSITE: Mapping[PairVerdict, PairVerdict] = {"better": "worse", "worse": "better"}


@dataclass(frozen=True)
class ScoreName:
    """A column of the score table. `signature` says what made the numbers; `direction` which way is better."""

    name: str
    direction: str
    unit: str
    signature: str


@dataclass(frozen=True)
class Curve:
    """The training of one cell: (step, loss) pairs, natural-log cross-entropy per target token."""

    label: str
    training: tuple[tuple[int, float], ...]
    validation: tuple[tuple[int, float], ...]
    best: tuple[int, float] | None
    overfitting: bool


@dataclass(frozen=True)
class Mistake:
    """How often one label was taken for another."""

    gold: str
    predicted: str
    count: int
    support: int


@dataclass(frozen=True)
class ClassView:
    """What one cell takes for what. `matrix` (rows gold, columns `predicted_labels`) is empty where there are too many labels."""

    source: str
    rows: tuple[ClassScores, ...]
    predicted_labels: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True)
class CalibrationBin:
    """The rows whose chosen label has a probability from `start` to `end`: how sure they are on average, and which share of them is right
    with its 95 % interval."""

    start: float
    end: float
    rows: int
    confidence: float
    right: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Calibration:
    """How sure one cell is, and how often right."""

    source: str
    bins: tuple[CalibrationBin, ...]


@dataclass(frozen=True)
class LearningLine:
    """One strategy of one model over its training sizes: the lines by size, the curve, and what it says, in sentences."""

    label: str
    model: str
    lines: tuple[StrategyResult, ...]
    curve: LearningCurve
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Learning:
    """What more training rows would bring. `references` are the untrained strategies, which no number of rows changes."""

    lines: tuple[LearningLine, ...]
    references: tuple[StrategyResult, ...]
    caveats: tuple[str, ...]


@dataclass(frozen=True)
class Length:
    """How many words the texts of one kind have: the median, what 95 % of them do not pass, the longest; and how many are empty."""

    name: str
    median: float
    most: float
    longest: int
    empty: int


@dataclass(frozen=True)
class SliceRow:
    """A part of the test rows: how many they are, and the score of each strategy on them, by label."""

    name: str
    rows: int
    scores: Mapping[str, Score]


@dataclass(frozen=True)
class SliceTable:
    """The test rows cut by one thing, and the score that they are judged by."""

    by: str
    score: str
    rows: tuple[SliceRow, ...]


@dataclass(frozen=True)
class Pairs:
    """Every strategy against every other: `found[a, b]` is b minus a, each pair once."""

    labels: tuple[str, ...]
    found: Mapping[tuple[str, str], Comparison]

    def difference(self, row: str, column: str) -> Comparison | None:
        """`row` minus `column`; None of a strategy and itself, and where there is no difference to compute."""
        if (column, row) in self.found:
            found = self.found[column, row]
        elif (row, column) in self.found:
            found = _swapped(self.found[row, column])
        else:
            return None
        return None if found.difference is None else found


def _swapped(found: Comparison) -> Comparison:
    """A minus B instead of B minus A."""
    difference, low, high = (None if end is None else -end for end in (found.difference, found.high, found.low))
    verdict = _OPPOSITE.get(found.verdict, found.verdict)
    return replace(found, difference=difference, low=low, high=high, better=found.worse, worse=found.better, verdict=verdict)


@dataclass(frozen=True)
class AgainstFull:
    """What one strategy keeps of the gain that full fine-tuning of the same model on the same rows brings over base, and in shares of what
    full takes its cost (training and the answers), time to train, memory, and the size of what is stored; None where that is not known."""

    label: str
    kept: KeptGain
    cost: float | None
    training_seconds: float | None
    peak_allocated: float | None
    artifact_bytes: float | None


@dataclass(frozen=True)
class ExampleOutput:
    """What one strategy said to one example. `answer` is what was taken from it, where that is something else (else None); `score` is
    its primary score on this row (1 or 0 for a label), and `mark` words that; `unsupported` are the sentences that its inputs do not
    support, each with the reason."""

    label: str
    text: str
    answer: str | None
    score: float | None
    mark: str
    unsupported: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ExampleRow:
    """One test example as people read it. A question without an answer has no references; `label` is the true class, if it has one."""

    id: str
    title: str
    inputs: tuple[tuple[str, str], ...]
    references: tuple[str, ...]
    label: str | None
    outputs: tuple[ExampleOutput, ...]


@dataclass(frozen=True)
class GateView:
    """One verdict: on whom, what it says in a sentence, how it was decided, a ruling a rule, and what became worse."""

    at: str
    label: str
    outcome: str
    headline: str
    sentences: tuple[str, ...]
    rulings: TextTable
    worse: TextTable


@dataclass(frozen=True)
class TaskView:
    """Everything about one task. `lines` are sorted by the primary score, those without one last; `read` are the labels of those
    whose outputs stand with the `examples`. `advice` begins with what to ship; it is empty where there is nothing to choose between.
    `standings` say by label which lines are within the margin of the best, worse, or undecided; `choice` is the label of what to ship.
    `reviews` are the packets that somebody has rated; `retired` is how many test rows were given to training.
    `gates` are the verdicts on its models, the newest first."""

    name: str
    kind: str
    description: str
    rows: int
    primary: ScoreName
    margin: float
    score_names: tuple[ScoreName, ...]
    lines: tuple[StrategyResult, ...]
    headline: str
    advice: tuple[str, ...]
    choice: str | None
    standings: Mapping[str, Standing]
    against_full: tuple[AgainstFull, ...]
    reductions: tuple[str, ...]
    forgetting: str
    caveats: tuple[str, ...]
    learning: Learning | None
    curves: tuple[Curve, ...]
    classes: ClassView | None
    calibration: Calibration | None
    pairs: Pairs | None
    slices: tuple[SliceTable, ...]
    examples: tuple[ExampleRow, ...]
    read: tuple[str, ...]
    lengths: tuple[Length, ...]
    reviews: tuple[ReviewView, ...]
    retired: int
    gates: tuple[GateView, ...]
    data: DataReport
    data_digest: str


@dataclass(frozen=True)
class Provenance:
    """What it takes to check or repeat the run."""

    command: str
    digest: str
    seeds: tuple[int, ...]
    models: tuple[ModelInfo, ...]
    environment: Mapping[str, str]
    price: str


@dataclass(frozen=True)
class Report:
    """A whole run. `with_text` tells whether inputs, references and outputs are in it."""

    name: str
    created: str
    finished: bool
    device: str
    tasks: tuple[TaskView, ...]
    with_text: bool
    statuses: Mapping[str, int]
    spent_seconds: float
    spent_price: float | None
    currency: str
    provenance: Provenance
