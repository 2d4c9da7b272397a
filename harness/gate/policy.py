"""What a model must show before it replaces the one in service: a policy in YAML, strict, with all its errors at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from harness.catalog import YamlFile, parse
from harness.errors import BenchError, did_you_mean
from harness.metrics import BOUNDS, families
from harness.types import Declared, Metric, Task

Kind = Literal["floor", "ceiling", "not_worse", "better"]

# What is measured of a model beside its scores; less of it is better.
MEASURES: Mapping[str, str] = {
    "forgetting": "nats per token of general text that tuning cost",
    "answer_seconds": "seconds an answer, in batches",
    "thousand_price": "money for 1,000 answers",
    "training_price": "money for one training",
    "training_seconds": "seconds of one training",
    "peak_memory": "bytes, the largest of any phase",
    "artifact_bytes": "bytes of what is stored",
}
REVIEWS: Mapping[str, Literal["higher", "lower"]] = {"review.win_rate": "higher", "review.critical_error_rate": "lower"}


class Rule(Declared):
    """One thing that must hold.

    `floor` and `ceiling` compare the score itself with `value`; `not_worse` (by more than `margin`) and `better` (by more than `by`)
    compare it with the baseline's. `score` is one of the task's scores, a measure (see `MEASURES`), or what people said:
    `review.win_rate` against the strategy `against`, or `review.critical_error_rate`. `slice` is a column of the data, `length` or
    `class`: the rule then holds for every value with `rows` rows or more (30), or for the one that is named as `column=value`.
    """

    rule: Kind
    score: Annotated[str, Field(min_length=1)]
    value: float | None = None
    margin: Annotated[float, Field(gt=0)] | None = None
    by: Annotated[float, Field(ge=0)] | None = None
    slice: str | None = None
    rows: Annotated[int, Field(ge=2)] | None = None
    against: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> Rule:
        wanted = {"floor": "value", "ceiling": "value", "better": None, "not_worse": None}[self.rule]
        if wanted and self.value is None:
            raise ValueError(f"the rule '{self.rule}' needs a 'value'")
        extra = [name for name, kinds in _ONLY.items() if getattr(self, name) is not None and self.rule not in kinds]
        extra += ["rows"] if self.rows is not None and self.slice is None else []
        extra += ["against"] if self.against is not None and self.score != "review.win_rate" else []
        if extra:
            raise ValueError(f"the rule '{self.rule}' takes no '{extra[0]}'")
        return self

    @property
    def bound(self) -> float:
        """The value of a floor or a ceiling."""
        assert self.value is not None  # the schema asks for it
        return self.value

    @property
    def title(self) -> str:
        """The rule in a few words."""
        of = f" on {self.slice}" if self.slice else ""
        if self.rule in ("floor", "ceiling"):
            return f"{self.score} {'at least' if self.rule == 'floor' else 'at most'} {self.value:g}{of}"
        if self.rule == "better":
            return f"{self.score} better than the baseline by more than {self.by or 0:g}{of}"
        by = f" by more than {self.margin:g}" if self.margin is not None else ""  # without one it is the task's, which is not known here
        return f"{self.score} not worse than the baseline{by}{of}"


_ONLY: Mapping[str, tuple[Kind, ...]] = {"value": ("floor", "ceiling"), "margin": ("not_worse",), "by": ("better",)}


class Policy(Declared):
    """All rules of a task. Each decides at level `alpha`, which is spent evenly over the `looks` that are planned at one test set.

    `rows` and `seeds` are the least that must be there. With `seed_spread: count` the spread of training seeds is a part of every limit.
    """

    version: Literal[1] = 1
    description: str = ""
    alpha: Annotated[float, Field(ge=1e-4, lt=0.5)] = 0.05
    looks: Annotated[int, Field(ge=1, le=1000)] | None = None
    rows: Annotated[int, Field(ge=1)] = 30
    seeds: Annotated[int, Field(ge=1)] = 1
    seed_spread: Literal["ignore", "count"] = "ignore"
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=200)]

    @property
    def digest(self) -> str:
        """sha256 (hex) of everything that decides."""
        plain = self.model_dump(mode="json", exclude={"description"})
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def read_policy(path: Path, task: Task, metrics: Collection[Metric]) -> Policy:
    """The policy of a file, with the task's margin where a rule names none.

    Raises:
        BenchError: every problem of the file, each with its line.
    """
    source = YamlFile(path)
    policy, problems = parse(source, source.values, Policy)
    rules = dict(enumerate(policy.rules)) if policy is not None else _whole_rules(source.values.get("rules"))
    problems += [source.problem(("rules", i, field), text) for i, rule in rules.items() for field, text in _problems(rule, task, metrics)]
    if policy is None or problems:
        raise BenchError(source.in_order(problems))
    return with_margins(policy, task)


def _whole_rules(given: object) -> dict[int, Rule]:
    """The rules that are well-formed by themselves, by their place, where others are not."""
    found = {}
    for place, rule in enumerate(given if isinstance(given, list) else ()):
        try:
            found[place] = Rule.model_validate(rule)
        except ValidationError:
            continue
    return found


def with_margins(policy: Policy, task: Task) -> Policy:
    """The policy with Δ, the task's own, where `not_worse` of the primary score names no margin; of another score it must."""
    rules = tuple(
        rule.model_copy(update={"margin": task.margin}) if rule.rule == "not_worse" and rule.margin is None else rule
        for rule in policy.rules
    )
    return policy.model_copy(update={"rules": rules})


def default_policy(task: Task, metrics: Collection[Metric], *, baseline: bool) -> Policy:
    """What holds without a file: not worse than the baseline by the margin on the primary score, critical errors on at most 2 % more rows.

    That there is not one more, no test set can show. Without a baseline there are only floors: the primary score must
    be shown to be above 0.

    Raises:
        BenchError: the primary score has no better direction, or no floor.
    """
    primary = next((m for m in metrics if m.name == task.primary), None)
    if primary is None or primary.direction == "none":
        raise BenchError(f"{task.name}: neither more nor less of {task.primary} is better: write a policy (bench gate --init)")
    critical = (
        [Rule(rule="not_worse", score="critical_error_rate", margin=0.02)] if any(m.name == "critical_error_rate" for m in metrics) else []
    )
    if baseline:
        return with_margins(Policy(rules=(Rule(rule="not_worse", score=task.primary), *critical)), task)
    if primary.direction == "lower":
        raise BenchError(f"{task.name}: there is no champion to compare with, and {task.primary} has no natural ceiling: write a policy")
    return Policy(rules=(Rule(rule="floor", score=task.primary, value=0.0),))


def _problems(rule: Rule, task: Task, metrics: Collection[Metric]) -> list[tuple[str, str]]:
    """What a schema cannot know: whether the score is there, and which way is better."""
    by_name = {metric.name: metric for metric in metrics}
    known = [*by_name, *MEASURES, *REVIEWS]
    if rule.score not in known:
        owner = next((name for name, family in families().items() if rule.score in family.scores), None)
        hint = f" It is a score of the metric '{owner}': add that to the task." if owner else did_you_mean(rule.score, known)
        return [("score", f"'{rule.score}' is none of the scores of '{task.name}'.{hint}")]
    found = []
    direction = by_name[rule.score].direction if rule.score in by_name else REVIEWS.get(rule.score, "lower")
    if direction == "none" and rule.rule in ("not_worse", "better"):
        found.append(("rule", f"neither more nor less of {rule.score} is better: only a floor or a ceiling fits"))
    if (rule.rule, direction) in (("floor", "lower"), ("ceiling", "higher")):
        other = "ceiling" if rule.rule == "floor" else "floor"
        found.append(("rule", f"{direction} {rule.score} is better, so a {rule.rule} would hold back the good: say {other}"))
    if rule.rule == "not_worse" and rule.margin is None and rule.score != task.primary:
        found.append(("score", f"the task's margin is one of {task.primary}: say by how much {rule.score} may be worse, with 'margin'"))
    ends = BOUNDS.get(by_name[rule.score].unit) if rule.score in by_name else None
    if rule.margin is not None and ends is not None and rule.margin >= ends[1] - ends[0]:
        found.append(("margin", f"{rule.score} goes from {ends[0]:g} to {ends[1]:g}: a margin of {rule.margin:g} lets everything pass"))
    if rule.slice and task.chooses and rule.score in by_name and by_name[rule.score].level != "example":
        found.append(("slice", f"{rule.score} is one number for all labels, and a part of the rows may lack some: take accuracy"))
    if rule.slice and rule.score not in by_name:
        found.append(("slice", f"{rule.score} is not measured on a part of the rows"))
    if rule.score in REVIEWS and rule.rule not in ("floor", "ceiling"):
        found.append(("rule", "what people said is compared within a review: only a floor or a ceiling fits"))
    return found


def as_plain(policy: Policy) -> dict[str, Any]:
    """The policy as it is put on record."""
    return policy.model_dump(mode="json")
