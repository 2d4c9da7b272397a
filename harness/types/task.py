"""What is measured: a task."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_serializer, field_validator, model_validator

from harness.types.data_spec import DataSpec
from harness.types.declared import Declared, Name
from harness.types.faithfulness_spec import FaithfulnessSpec
from harness.types.guardrail_spec import guardrails_to_plain, to_guardrails
from harness.types.privacy_spec import PrivacySpec
from harness.types.report_spec import ReportSpec
from harness.types.review_spec import ReviewSpec
from harness.types.rule import Rule

Kind = Literal["classification", "generation", "qa", "summarization"]
PromptFormat = Literal["auto", "plain", "chat"]


class DecodeSpec(Declared):
    """How text is generated. Decoding is greedy (the most likely token at each step), so that a run can be repeated."""

    max_new_tokens: Annotated[int, Field(ge=1, le=32768)] = 96
    """The longest answer, in tokens."""
    stop: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """The answer ends before the first of these texts."""


class Task(Declared):
    """What is measured: data, prompt and metrics."""

    name: Name
    """Unique among the tasks of a run; the name of its YAML file."""
    kind: Kind
    """Determines the defaults, and which metrics apply."""
    version: int = 1
    """Raised by the owner when the meaning of the task changes."""
    description: str = ""
    """One line for lists and reports."""
    data: DataSpec
    """Where the examples come from."""
    prompt: str
    """A Jinja template. Its variables are the inputs of an example, and `choices` (the labels)."""
    prompt_format: PromptFormat = "auto"
    """auto: the model's chat template if it has one; plain: the text as it is; chat: a chat template is required."""
    labels: tuple[str, ...] = ()
    """The classes of a classification task; if empty, the distinct targets of the data. A task of another kind that has labels is answered
    by choosing one of them (yes, no, maybe)."""
    no_answer: str | None = None
    """For qa: the text that means "there is no answer". An example without a target is trained towards it, and an output that equals it
    counts as empty."""
    metrics: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of metric families; each gives one or several scores."""
    primary: str
    """The score that decides which strategy is recommended."""
    margin: Annotated[float, Field(gt=0)] = 0.01
    """Δ: the loss on the primary score, in its own unit, that the owner of the task accepts."""
    guardrails: tuple[Rule, ...] = ()
    """Limits on other scores. A strategy that breaks one is not recommended, and one that is not shown to keep them only with conditions.
    In YAML a mapping: `critical_error_rate: {at_most: 0.05}`. They change no result."""
    max_length: Annotated[int, Field(ge=16)] = 2048
    """The limit for prompt and answer together, in tokens. It is the same for every strategy; a shorter context of the model takes
    precedence."""
    decode: DecodeSpec = DecodeSpec()
    """How answers are generated, if they are not chosen from labels."""
    faithfulness: FaithfulnessSpec = FaithfulnessSpec()
    """The model behind the metric `support`; without that metric, it changes no result."""
    privacy: PrivacySpec = PrivacySpec()
    """The leak test. It has cells of its own, and changes no result of others."""
    review: ReviewSpec = ReviewSpec()
    """What raters are asked about the outputs; changes no result."""
    report: ReportSpec = ReportSpec()
    """How the report presents the task; changes no result."""

    @field_validator("labels")
    @classmethod
    def _check_labels(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if labels and (len(set(labels)) < max(2, len(labels)) or "" in labels):
            raise ValueError("labels must be at least two distinct, non-empty strings")
        return labels

    @field_validator("guardrails", mode="before")
    @classmethod
    def _read_guardrails(cls, value: object) -> tuple[Rule, ...]:
        return to_guardrails(value)

    @field_serializer("guardrails")
    def _write_guardrails(self, rules: tuple[Rule, ...]) -> dict[str, Any]:
        return guardrails_to_plain(rules)

    @model_validator(mode="after")
    def _check_no_answer(self) -> Task:
        if self.no_answer is not None and self.kind != "qa":
            raise ValueError("'no_answer' is only for tasks of kind qa")
        if self.no_answer is not None and not self.no_answer.strip():
            raise ValueError("'no_answer' must be a text that a model can write, such as: unanswerable")
        return self

    @model_validator(mode="after")
    def _check_privacy(self) -> Task:
        if self.privacy.canaries and self.chooses:
            raise ValueError("'privacy' plants canaries in free-text targets, but this task chooses among labels. Remove 'privacy'")
        return self

    @property
    def chooses(self) -> bool:
        """Whether the answer is the most likely label instead of generated text."""
        return self.kind == "classification" or bool(self.labels)
