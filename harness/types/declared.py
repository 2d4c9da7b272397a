"""What users declare: strict pydantic models, so that a YAML file and a Python call are checked by the same rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

Kind = Literal["classification", "generation", "qa", "summarization"]
Method = Literal["prompt", "full", "peft", "outputs"]
PromptFormat = Literal["auto", "plain", "chat"]

Fraction = Annotated[float, Field(ge=0, le=1)]
# no comma: it parts the names of tasks on the command line
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._=+-]*$", max_length=80)]
# A strategy with other values is named as it is asked for: lora:r=8,learning_rate=1e-4
StrategyName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._=,+:-]*$", max_length=160)]
Paths = str | Annotated[tuple[str, ...], Field(min_length=1)]


def _kinds(annotation: object) -> set[object]:
    """Every type that an annotation names."""
    return {annotation}.union(*(_kinds(part) for part in get_args(annotation)))


class Declared(BaseModel):
    """Base of everything that users write: frozen, and an unknown field is an error rather than a silent no-op."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: object, info: ValidationInfo) -> object:
        """YAML's `true`, `yes` and `on` would be taken for 1."""
        if isinstance(value, bool) and info.field_name is not None:
            kinds = _kinds(cls.model_fields[info.field_name].annotation)
            if kinds & {int, float} and not kinds & {bool, str}:  # a field that takes a text, too, has a check of its own
                raise ValueError(f"should be a number, not {str(value).lower()}")
        return value


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
    """Files whose split is already given, one or several a split. Without `validation`, a tenth of `train` is set aside for it."""

    train: Paths
    validation: Paths | None = None
    test: Paths


class DataSpec(Declared):
    """Where the rows come from and which column is which.

    The rows come from files (`path`: one, several that are read as one, or the given split), from a `hub` data set with its
    `revision` and `subset`, or from a registered `source` (of `size` and `seed`; a plug-in's reads `options`).

    `fields` maps a role to a column: `target` (needed), `group`, `id`, and any other name, which becomes a variable of the
    prompt. A dot reaches into nested values: `answers.text`. Without `fields`, columns named like the roles are taken as they
    are, and `prompt`/`completion` rows are understood; None says that there is no `group` or no `id`, whatever the columns are
    called. A list in an input is joined with `join`; a list in a target is several references, or with `target_lists: join` one
    text. `fold_references_by` names a column: rows of validation and test that agree in it become one example with several references.
    `harvested` are files of `bench review harvest`: their rows are trained on, and leave validation and test.
    """

    path: Paths | FilesSpec | None = None
    source: Name | None = None
    hub: str | None = None
    revision: str | None = None
    subset: str | None = None
    size: Annotated[int, Field(ge=10)] = 700
    seed: int = 7
    options: Mapping[str, Any] = Field(default_factory=dict)
    fields: Mapping[str, str | None] = Field(default_factory=dict)
    join: str = "\n"
    target_lists: Literal["references", "join"] = "references"
    fold_references_by: str | None = None
    harvested: Paths | None = None
    split: SplitSpec = SplitSpec()
    skip_bad_rows: bool = False

    @field_validator("fields")
    @classmethod
    def _columns(cls, fields: Mapping[str, str | None]) -> Mapping[str, str | None]:
        lacking = [role for role, column in fields.items() if column is None and role not in ("group", "id")]
        if lacking:
            raise ValueError(f"'{lacking[0]}' has no column: only 'group' and 'id' can be none. Name one, or leave the line out")
        return fields

    @model_validator(mode="after")
    def _one_origin(self) -> DataSpec:
        if sum(origin is not None for origin in (self.path, self.source, self.hub)) != 1:
            raise ValueError("name exactly one of 'path' (files), 'hub' (a data set of the Hub) and 'source' (a registered source)")
        if self.hub is None and (self.revision or self.subset):
            raise ValueError("'revision' and 'subset' go with 'hub'")
        if self.source is None and self.options:
            raise ValueError("'options' go with 'source'")
        return self


class DecodeSpec(Declared):
    """How text is generated. Greedy: the most likely token at each step, so that a run can be repeated.

    The answer ends before the first of the `stop` texts.
    """

    max_new_tokens: Annotated[int, Field(ge=1, le=32768)] = 96
    stop: tuple[Annotated[str, Field(min_length=1)], ...] = ()


class ScaleSpec(Declared):
    """One question that people answer about an output: its answers in words, the worst first."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]*$", max_length=40)]
    question: Annotated[str, Field(min_length=1, max_length=500)]
    answers: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=80)], ...], Field(min_length=2, max_length=10)]

    @field_validator("answers")
    @classmethod
    def _distinct(cls, answers: tuple[str, ...]) -> tuple[str, ...]:
        if len({answer.casefold() for answer in answers}) < len(answers):
            raise ValueError("the answers of a question must differ")
        return answers


# Columns of raters' files, and of what Label Studio exports.
_TAKEN = (
    "id", "item", "packet", "rater", "input", "reference", "text", "output", "corrected", "corrected version", "comment", "kinds",
    "preference", "severity", "annotator", "annotation id", "lead time", "created at", "updated at",
)  # fmt: skip


class ReviewSpec(Declared):
    """What people are asked about outputs: which of two is better, how good one is on some scales, what kinds of errors it has."""

    instructions: Annotated[str, Field(max_length=4000)] = "Judge each output by its input alone."
    preference: Annotated[str, Field(min_length=1, max_length=500)] = "Which output is better?"
    scales: Annotated[tuple[ScaleSpec, ...], Field(min_length=1, max_length=12)] = (
        ScaleSpec(name="quality", question="How good is the output?", answers=("unusable", "poor", "fair", "good", "excellent")),
    )
    errors: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=60)], ...], Field(min_length=1, max_length=30)] = (
        "wrong",
        "left out",
        "invented",
    )

    @model_validator(mode="after")
    def _distinct(self) -> ReviewSpec:
        for what, names in (("scales", [s.name for s in self.scales]), ("errors", list(self.errors))):
            if len({name.casefold() for name in names}) < len(names):
                raise ValueError(f"the names of the {what} must differ")
        taken = [s.name for s in self.scales if s.name.casefold().replace("_", " ") in _TAKEN]
        if taken:
            raise ValueError(f"a scale cannot be called '{taken[0]}': raters' files have a column of that name")
        if len({"".join(c if c.isalnum() else "_" for c in s.name.casefold()) for s in self.scales}) < len(self.scales):
            raise ValueError("the names of the scales must differ in letters or digits")
        return self


class Task(Declared):
    """What is measured.

    `margin` is Δ: the loss on the primary score, in the score's own unit, that the task's owner would accept.
    `labels` are the classes of a classification task; without it they are the distinct targets of the data. A task of another kind
    that has labels is answered by choosing one of them (yes, no, maybe). `no_answer` is what stands for "there is no answer" in
    a qa task: a row without a target is trained towards it, and an output that says so counts as none.
    `max_length` caps prompt and answer together, in tokens, below the model's own context; it is the same for every strategy.
    `review` is what people are asked about the outputs; it changes no result.
    """

    name: Name
    kind: Kind
    version: int = 1
    description: str = ""
    data: DataSpec
    prompt: str
    prompt_format: PromptFormat = "auto"
    labels: tuple[str, ...] = ()
    no_answer: str | None = None
    metrics: Annotated[tuple[str, ...], Field(min_length=1)]
    primary: str
    margin: Annotated[float, Field(gt=0)] = 0.01
    max_length: Annotated[int, Field(ge=16)] = 2048
    decode: DecodeSpec = DecodeSpec()
    review: ReviewSpec = ReviewSpec()

    @field_validator("labels")
    @classmethod
    def _distinct(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if labels and (len(set(labels)) < max(2, len(labels)) or "" in labels):
            raise ValueError("labels must be at least two distinct, non-empty strings")
        return labels

    @model_validator(mode="after")
    def _no_answer_is_for_questions(self) -> Task:
        if self.no_answer is not None and self.kind != "qa":
            raise ValueError("'no_answer' is for the kind qa")
        if self.no_answer is not None and not self.no_answer.strip():
            raise ValueError("'no_answer' must be a text that a model can write, such as: unanswerable")
        return self

    @property
    def chooses(self) -> bool:
        """Whether an answer is the most likely of some labels, and not generated."""
        return self.kind == "classification" or bool(self.labels)


class QuantizationSpec(Declared):
    """4-bit weights of the frozen base model (bitsandbytes); the adapter stays in float32."""

    type: Literal["nf4", "fp4"] = "nf4"
    double_quantization: bool = True


Number = TypeVar("Number", int, float)
BySize: TypeAlias = Number | Mapping[str, Number]


class OutputsSpec(Declared):
    """A file of outputs that were made elsewhere, with its digest, and what a thousand of them cost, in USD (None: nobody said)."""

    path: str
    sha256: str
    price_per_1k: Annotated[float, Field(ge=0)] | None = None


class TrainSpec(Declared):
    """One training recipe.

    `batch_size` is the effective batch in examples; it is cut into as many micro-batches as fit `micro_batch_tokens` (padding
    included; None: what suits the device), which changes speed and memory but not the result beyond rounding. It and
    `learning_rate` are a number, or a table from a model size ("50M", "1B", "inf": up to so many parameters) to a number.
    `patience` counts validations without improvement.
    """

    epochs: Annotated[float, Field(gt=0, le=1000)] = 3.0
    batch_size: BySize[Annotated[int, Field(ge=1)]] = 8
    micro_batch_tokens: Annotated[int, Field(ge=1)] | None = None
    learning_rate: BySize[Annotated[float, Field(gt=0, le=1)]] = 2e-4
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    warmup: Fraction = 0.05
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    validations_per_epoch: Annotated[int, Field(ge=1, le=100)] = 2
    patience: Annotated[int, Field(ge=1)] | None = 4

    @field_validator("batch_size", "learning_rate")
    @classmethod
    def _sizes(cls, value: BySize[Number]) -> BySize[Number]:
        if isinstance(value, Mapping):
            for size in value:
                parameter_count(size)
            if not any(parameter_count(size) == math.inf for size in value):
                raise ValueError("the table needs an entry 'inf' for models larger than all others")
        return value

    def learning_rate_for(self, parameters: int) -> float:
        """The learning rate for a base model of so many parameters."""
        return _by_size(self.learning_rate, parameters)

    def batch_size_for(self, parameters: int) -> int:
        """The effective batch, in examples, for a base model of so many parameters."""
        return _by_size(self.batch_size, parameters)


def _by_size(value: BySize[Number], parameters: int) -> Number:
    if not isinstance(value, Mapping):
        return value
    fitting = [size for size in value if parameter_count(size) >= parameters]
    return value[min(fitting, key=parameter_count)]


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

    Method `prompt` trains nothing: the model as it is, with the task's prompt or one of the strategy's own, and with `shots`
    examples of the training rows in front. `adapter` goes to PEFT's config class of that `peft_type` as it is; `prompt`
    replaces the task's prompt. Method `outputs` is no adaptation: its outputs were made elsewhere and lie in a file.
    """

    name: StrategyName
    method: Method
    description: str = ""
    prompt: str | None = None
    shots: Annotated[int, Field(ge=0, le=1000)] = 0
    adapter: Mapping[str, Any] = Field(default_factory=dict)
    quantization: QuantizationSpec | None = None
    train: TrainSpec | None = None
    outputs: OutputsSpec | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Strategy:
        problems = []
        if self.method == "peft" and "peft_type" not in self.adapter:
            problems.append("method 'peft' needs 'adapter' with a 'peft_type' such as LORA")
        if self.method != "peft" and self.adapter:
            problems.append(f"method '{self.method}' takes no 'adapter'")
        if self.method == "full" and self.quantization:
            problems.append("method 'full' cannot train 4-bit weights: leave 'quantization' out")
        if (self.method == "outputs") != (self.outputs is not None):
            problems.append("outputs that were made elsewhere are named as outputs:FILE, beside the other strategies")
        if (self.method in ("prompt", "outputs")) == (self.train is not None):
            problems.append(f"method '{self.method}' takes no 'train'" if self.train else f"method '{self.method}' needs 'train'")
        if self.method != "prompt" and self.shots:
            problems.append(f"method '{self.method}' takes no 'shots': what it learns from is its training rows")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def deterministic(self) -> bool:
        """Whether the seed cannot change the result: nothing is trained, and no examples are drawn."""
        return self.train is None and self.shots == 0
