"""How a task's YAML declares guardrails: by score, the limits that it must keep; a list where some are for a part of the examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, TypeAdapter, model_validator

from harness.errors import did_you_mean
from harness.types.declared import Declared, Name
from harness.types.rule import Rule

_EXAMPLE = "critical_error_rate: {at_most: 0.05}"


class GuardrailSpec(Declared):
    """The limits of one score; at least one of them."""

    at_most: float | None = None
    """The highest acceptable value."""
    at_least: float | None = None
    """The lowest acceptable value."""
    not_worse_than: Name | None = None
    """A strategy of the same run, usually `base`."""
    by: Annotated[float, Field(gt=0)] | None = None
    """With `not_worse_than`: how much worse than that strategy the score may be, in its own unit."""

    slice: Annotated[str, Field(pattern=r"^[^=]+=.")] | None = None
    """Only the test examples with one value of a column, or of one class: `ward=north`, `class=urgent`."""

    @model_validator(mode="before")
    @classmethod
    def _check_form(cls, limits: object) -> object:
        if not isinstance(limits, Mapping | GuardrailSpec):
            raise ValueError(f"must say what the limit is, as in {_EXAMPLE}, not {limits!r:.60}")
        unknown = [str(name) for name in limits if name not in cls.model_fields] if isinstance(limits, Mapping) else []
        if unknown:
            raise ValueError(f"unknown field '{unknown[0]:.60}'.{did_you_mean(unknown[0], cls.model_fields)}")
        return limits

    @model_validator(mode="after")
    def _check_fields(self) -> GuardrailSpec:
        if self.at_most is None and self.at_least is None and self.not_worse_than is None:
            raise ValueError("needs 'at_most', 'at_least' or 'not_worse_than'")
        if self.not_worse_than is not None and self.by is None:
            raise ValueError("'not_worse_than' needs 'by': how much worse the score may be, in its own unit")
        if self.by is not None and self.not_worse_than is None:
            raise ValueError("'by' needs 'not_worse_than'")
        if self.at_most is not None and self.at_least is not None and self.at_least >= self.at_most:
            raise ValueError(f"'at_least' ({self.at_least:g}) must be below 'at_most' ({self.at_most:g})")
        return self

    def to_rules(self, score: str) -> list[Rule]:
        """One rule per limit."""
        rules = []
        if self.at_least is not None:
            rules.append(Rule(rule="floor", score=score, value=self.at_least, slice=self.slice))
        if self.at_most is not None:
            rules.append(Rule(rule="ceiling", score=score, value=self.at_most, slice=self.slice))
        if self.not_worse_than is not None:
            rules.append(Rule(rule="not_worse", score=score, margin=self.by, against=self.not_worse_than, slice=self.slice))
        return rules


def _as_list(limits: object) -> object:
    return limits if isinstance(limits, list | tuple) else [limits]


_Specs: TypeAlias = Annotated[tuple[GuardrailSpec, ...], BeforeValidator(_as_list), Field(min_length=1)]
_GUARDRAILS: TypeAdapter[dict[str, tuple[GuardrailSpec, ...]]] = TypeAdapter(dict[Annotated[str, Field(min_length=1)], _Specs])


def to_guardrails(value: object) -> tuple[Rule, ...]:
    """The rules of a mapping of scores to limits, or of a sequence of rules, which must be of the kinds that guardrails can have.

    Raises:
        pydantic.ValidationError: with the place of each problem in the mapping.
        ValueError: the value is neither, or has a rule that cannot be a guardrail.
    """
    if isinstance(value, Mapping):
        specs = _GUARDRAILS.validate_python(dict(value))
        rules = tuple(rule for score, several in specs.items() for limits in several for rule in limits.to_rules(score))
        _refuse_repeated(rules)
        return rules
    if not isinstance(value, Sequence) or not all(isinstance(rule, Rule) for rule in value):
        raise ValueError(f"must be a mapping of scores to limits, such as {_EXAMPLE}")
    _refuse_repeated(value)
    return to_guardrails(guardrails_to_plain([_normalize(rule) for rule in value]))


def guardrails_to_plain(rules: Sequence[Rule]) -> dict[str, Any]:
    """The mapping that declares these rules: limits for the same examples together."""
    by_score: dict[str, dict[str | None, dict[str, Any]]] = {}
    for rule in rules:
        limits = by_score.setdefault(rule.score, {}).setdefault(rule.slice, {"slice": rule.slice} if rule.slice else {})
        if rule.rule == "not_worse":
            limits |= {"not_worse_than": rule.against, "by": rule.margin}
        else:
            limits["at_least" if rule.rule == "floor" else "at_most"] = rule.value
    return {score: list(several.values()) if len(several) > 1 else next(iter(several.values())) for score, several in by_score.items()}


def _refuse_repeated(rules: Sequence[Rule]) -> None:
    """Raise a ValueError if two rules of the same kind are about the same score of the same examples."""
    kinds = [(rule.rule, rule.score, rule.slice) for rule in rules]
    repeated = next((score for kind, score, part in kinds if kinds.count((kind, score, part)) > 1), None)
    if repeated is not None:
        raise ValueError(f"two limits of the same kind on {repeated}: keep one")


def _normalize(rule: Rule) -> Rule:
    """The rule with its default.

    Raises:
        ValueError: guardrails of tasks cannot say what it says.
    """
    if rule.rule not in ("floor", "ceiling", "not_worse"):
        raise ValueError(f"the rule '{rule.rule}' on {rule.score} is not a guardrail; use 'floor', 'ceiling' or 'not_worse'")
    against = (rule.against or "base") if rule.rule == "not_worse" else None
    normalized = Rule(rule=rule.rule, score=rule.score, value=rule.value, margin=rule.margin, against=against, slice=rule.slice)
    extra = [name for name in Rule.model_fields if getattr(rule, name) != getattr(normalized, name) and name != "against"]
    if extra:
        raise ValueError(f"the rule on {rule.score}: a guardrail takes no '{extra[0]}'; use it in a release policy")
    return normalized
