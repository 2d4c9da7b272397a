"""What a model is given and what it answers: examples, the splits they are in, and predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.types.data_finding import DataFinding
from harness.types.turn import RowLayout

SplitName = Literal["train", "validation", "test"]
# Why an output ended: at the end token or a stop text, at the limit of new tokens, or because a label was chosen.
Finish = Literal["stop", "length", "choice"]


@dataclass(frozen=True, slots=True)
class Example:
    """One item of a task."""

    id: str
    """Unique in the task."""
    inputs: Mapping[str, str]
    """The variables of the prompt. `earlier_turns` holds the turns of a conversation before the prompt, as `write_turns` writes them."""
    targets: tuple[str, ...]
    """The references, or the label; empty for a question that has no answer."""
    choices: tuple[str, ...] = ()
    """The labels from which the answer is chosen; empty if it is generated."""
    group: str | None = None
    """The cluster that the example shares with others: a patient, a document, a conversation."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """The remaining columns."""
    rejected: str | None = None
    """Of a preference pair: the answer that is worse than the first of `targets`."""


@dataclass(frozen=True)
class DataReport:
    """What was found while the examples were read and split. Counts are in examples."""

    origin: Mapping[str, str]
    """Files with their digests, or the source with its version."""
    sizes: Mapping[str, int]
    """By split."""
    sampled_from: Mapping[str, int]
    """By split, the size before a limit was applied."""
    skipped: tuple[str, ...] = ()
    """The first skipped rows, as `file:line: problem`."""
    skipped_rows: int = 0
    """All skipped rows."""
    duplicates: Mapping[str, int] = field(default_factory=dict)
    """By split, the examples that repeat an earlier one; by pair such as "train/test", the examples of train whose inputs occur in test.
    Counted before any are removed."""
    removed_from_train: int = 0
    """Examples removed because their inputs occur in validation or test."""
    removed_from_validation: int = 0
    """Examples removed because their inputs occur in test."""
    shared_groups_removed: int = 0
    """Further examples removed because their group occurs in test, or that of a training example in validation."""
    folded: Mapping[str, int] = field(default_factory=dict)
    """By split, the rows that became further references of another example."""
    unseen_labels: Mapping[str, int] = field(default_factory=dict)
    """Labels of the test set that the training examples lack, with their counts."""
    warnings: tuple[str, ...] = ()
    """Sentences for people."""
    training_answers: Mapping[str, int] = field(default_factory=dict)
    """The answers of the training examples with their counts: every label; of texts only the most frequent one, and only if it occurs five
    times, because a run keeps no training examples. An empty text stands for "no answer"."""
    findings: tuple[DataFinding, ...] = ()
    """What the quick check of the data found, the most serious first; without rows and training texts, because a run may be mailed."""
    training_words: int = 0
    """The median number of words in the references of the training examples; 0 if there are none, or if they are labels."""


@dataclass(frozen=True)
class Splits:
    """The examples of a task, ready to use."""

    train: Sequence[Example]
    validation: Sequence[Example]
    test: Sequence[Example]
    report: DataReport
    digest: str
    """A hash of the examples and their order."""
    left_out: frozenset[str] = frozenset()
    """The ids of rows that are left out of the test set by a limit, by corrections, or because references are folded."""
    left_out_of_validation: frozenset[str] = frozenset()
    """The ids of rows that are left out of the validation split, for any reason."""
    calibration: Sequence[Example] = ()
    """Set aside from the validation split where a cascade chooses its threshold: nothing is trained or searched on them."""
    layout: RowLayout | None = None
    """How the rows hold whole prompts with their answers; None if the task's prompt is to be written around their inputs."""

    @property
    def characters(self) -> int:
        """Those of the inputs and references of all examples."""
        examples = (*self.train, *self.validation, *self.test, *self.calibration)
        return sum(len(text) for example in examples for text in (*example.inputs.values(), *example.targets))


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model answered to one test example."""

    example_id: str
    """The `id` of the example."""
    output: str
    """What the model wrote."""
    extracted: str | None = None
    """The answer in the output, such as a label; None where the output itself is the answer, or holds none."""
    label_logprobs: tuple[float, ...] = ()
    """Natural logarithms of the labels' likelihoods, in the order of the example's choices."""
    scores: Mapping[str, float | None] = field(default_factory=dict)
    """The scores of the metrics that judge single examples; None where the score does not apply to the example."""
    tokens_in: int = 0
    """The tokens of the prompt."""
    tokens_out: int = 0
    """The generated tokens."""
    finish: Finish = "stop"
    """Why the output ended."""
    mean_logprob: float | None = field(default=None, compare=False)
    """Of a generated text, the mean natural logarithm of its tokens' likelihoods, end token included; None for everything else."""

    @property
    def answer(self) -> str:
        """The text that is scored: the extracted answer, or else the whole output."""
        return self.output if self.extracted is None else self.extracted
