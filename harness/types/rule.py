"""A requirement on a score: what release policies and the guardrails of a task consist of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from harness.types.declared import Declared

RuleKind = Literal["floor", "ceiling", "not_worse", "better"]
Tier = Literal["blocking", "advisory"]


class Rule(Declared):
    """One requirement.

    `floor` and `ceiling` compare the score itself with `value`. `not_worse` (by more than `margin`, or by more than `relative`, a share of
    the baseline's score) and `better` (by more than `by`) compare it with the baseline's: in a policy the model in service, in a guardrail
    the strategy `against`. `score` is a score of the task; in a policy also a measure such as `answer_seconds`, or a result of a review:
    `review.win_rate` against the strategy `against`, or `review.critical_error_rate`. `slice` is a column of the data, `length` or `class`:
    the rule then applies to every value with at least `rows` test examples (default 30), or to the one named as `column=value`. An
    `advisory` rule is judged and shown, and never changes the outcome.
    """

    rule: RuleKind
    score: Annotated[str, Field(min_length=1)]
    value: float | None = None
    margin: Annotated[float, Field(gt=0)] | None = None
    relative: Annotated[float, Field(gt=0, lt=1)] | None = None
    by: Annotated[float, Field(ge=0)] | None = None
    slice: str | None = None
    rows: Annotated[int, Field(ge=2)] | None = None
    against: str | None = None
    tier: Tier = "blocking"

    @model_validator(mode="after")
    def _check_fields(self) -> Rule:
        if self.rule in ("floor", "ceiling") and self.value is None:
            raise ValueError(f"the rule '{self.rule}' needs 'value'")
        extra = [name for name, kinds in _ONLY_FOR.items() if getattr(self, name) is not None and self.rule not in kinds]
        extra += ["rows"] if self.rows is not None and self.slice is None else []
        extra += ["against"] if self.against is not None and not (self.compares or self.score == "review.win_rate") else []
        if extra:
            raise ValueError(f"the rule '{self.rule}' takes no '{extra[0]}'")
        if self.margin is not None and self.relative is not None:
            raise ValueError("'margin' is in the unit of the score, and 'relative' a share of the baseline's: give one of them")
        return self

    @property
    def compares(self) -> bool:
        """Whether it is about the difference to a baseline."""
        return self.rule in ("not_worse", "better")

    @property
    def threshold(self) -> float | None:
        """The number in the rule: its value, margin, share of the baseline's score or "by" (default 0)."""
        if self.rule in ("floor", "ceiling"):
            return self.value
        if self.rule == "not_worse":
            return self.margin if self.relative is None else self.relative
        return self.by or 0.0

    @property
    def slice_column(self) -> str:
        """The column that it divides the test examples by; empty if it does not."""
        return (self.slice or "").partition("=")[0]

    @property
    def slice_value(self) -> str | None:
        """The one value that it applies to; None for every value."""
        return (self.slice or "").partition("=")[2] or None


_ONLY_FOR: Mapping[str, tuple[RuleKind, ...]] = {
    "value": ("floor", "ceiling"),
    "margin": ("not_worse",),
    "relative": ("not_worse",),
    "by": ("better",),
}
