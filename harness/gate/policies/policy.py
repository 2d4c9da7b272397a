"""A release policy: a YAML file with strict fields, whose errors are all reported at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from harness.catalog import YamlFile, parse
from harness.errors import BenchError, did_you_mean, setting
from harness.gate.approval import plain_fingerprint
from harness.metrics import BOUNDS, families
from harness.results import LEAK_BOUNDS
from harness.types import Declared, Metric, Rule, Task

# What is measured of a model beside its scores; less is better.
MEASURES: Mapping[str, str] = {
    "forgetting": "rise of the loss on general text, in nats per token",
    "answer_seconds": "seconds per output, in batches",
    "thousand_price": "cost of 1,000 outputs",
    "training_price": "cost of one training run",
    "training_seconds": "seconds of one training run",
    "peak_memory": "peak memory of any phase, in bytes",
    "artifact_bytes": "size of the stored weights, in bytes",
}
REVIEW_SCORES: Mapping[str, Literal["higher", "lower"]] = {"review.win_rate": "higher", "review.critical_error_rate": "lower"}

_FINGERPRINT = r"^[0-9a-fA-F]{4}( ?[0-9a-fA-F]{4}){7}$"  # of a public key, see `harness.store.Signer`
_FIXED_BOUNDS: Mapping[str, tuple[float, float]] = {**dict.fromkeys(REVIEW_SCORES, (0.0, 1.0)), **LEAK_BOUNDS}


class ComplaintLimit(Declared):
    """How many of the complaints that users were right about a candidate may still get wrong."""

    at_most_broken: Annotated[int, Field(ge=0, le=10**6)] = 0


class Policy(Declared):
    """All rules of a task.

    Each rule is decided at level `alpha`, divided by the `looks` that are planned at one test set, and by the number of strategies that the
    candidate may have been chosen from. `rows` and `seeds` are the test examples
    and training seeds that are required. The gate judges one model; with `seed_spread: count`, every rule must also hold for the recipe,
    with the spread of its training seeds.

    With `complaints`, the candidate answers the confirmed complaints of users again, and may get `at_most_broken` of them wrong; an answer
    that a person must look at is not counted as right.

    A PASS is put into service after `approvals` people have approved it; `approvers` are the fingerprints of the keys that count.
    """

    version: Literal[1] = 1
    description: str = ""
    alpha: Annotated[float, Field(ge=1e-4, lt=0.5)] = 0.05
    looks: Annotated[int, Field(ge=1, le=1000)] | None = None
    rows: Annotated[int, Field(ge=1)] = 30
    seeds: Annotated[int, Field(ge=1)] = 1
    seed_spread: Literal["ignore", "count"] = "ignore"
    complaints: ComplaintLimit | None = None
    approvals: Annotated[int, Field(ge=0, le=20)] = 0
    approvers: Annotated[tuple[Annotated[str, Field(pattern=_FINGERPRINT)], ...], Field(max_length=200)] = ()
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=200)]

    @property
    def digest(self) -> str:
        """sha256 (hex) of everything that decides the rules: who must approve does not make another question to the test set."""
        return self.digest_with(())

    def digest_with(self, guardrails: Sequence[Rule]) -> str:
        """The digest of the policy together with the guardrails of its task."""
        values = policy_to_plain(self)
        for name in ("description", "approvals", "approvers"):
            del values[name]
        if guardrails:
            values["guardrails"] = [rule.model_dump(mode="json") for rule in guardrails]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    @property
    def rule_alpha(self) -> float:
        """The level of each rule for all candidates of a run together: alpha divided by the planned looks."""
        return self.alpha / (self.looks or 1)


def read_policy(path: Path, task: Task, metrics: Collection[Metric]) -> Policy:
    """The policy of a file, with the task's margin where a rule has none.

    Raises:
        BenchError: every problem of the file, each with its line.
    """
    source = YamlFile(path)
    policy, problems = parse(source, source.values, Policy)
    rules = dict(enumerate(policy.rules)) if policy is not None else _valid_rules(source.values.get("rules"))
    problems += [
        source.problem(("rules", i, field), text) for i, rule in rules.items() for field, text in _find_problems(rule, task, metrics)
    ]
    problems += [source.problem(("approvers",), text) for text in _find_approver_problems(policy)] if policy is not None else []
    if policy is None or problems:
        raise BenchError(source.in_order(problems))
    return _with_margins(policy, task)


def _find_approver_problems(policy: Policy) -> list[str]:
    """What is wrong with the list of keys, in a policy whose fields are valid by themselves."""
    keys = [plain_fingerprint(key) for key in policy.approvers]
    if len(set(keys)) < len(keys):
        return ["lists a fingerprint twice"]
    if keys and not policy.approvals:
        return ["needs 'approvals': how many of them must approve"]
    if keys and len(keys) < policy.approvals:
        return [f"lists {len(keys)}, fewer than the {policy.approvals} approvals that are required"]
    return []


def _valid_rules(values: object) -> dict[int, Rule]:
    """The rules that are valid by themselves, by position, in a file where others are not."""
    rules = {}
    for position, value in enumerate(values if isinstance(values, list) else ()):
        try:
            rules[position] = Rule.model_validate(value)
        except ValidationError:
            continue
    return rules


def _with_margins(policy: Policy, task: Task) -> Policy:
    """The policy with the task's margin in every `not_worse` rule without one. Only rules on the primary score may lack it."""
    rules = tuple(
        rule.model_copy(update={"margin": task.margin})
        if rule.rule == "not_worse" and rule.margin is None and rule.relative is None
        else rule
        for rule in policy.rules
    )
    return policy.model_copy(update={"rules": rules})


def default_policy(task: Task, metrics: Collection[Metric]) -> Policy:
    """The policy without a file: the primary score not worse than the baseline by more than the margin, critical errors not up by more than
    2 percentage points (that there is not a single one more, no test set can show). The gate adds the task's guardrails, as to any policy.

    Raises:
        BenchError: the primary score has no better direction.
    """
    primary = next((m for m in metrics if m.name == task.primary), None)
    if primary is None or primary.direction == "none":
        raise BenchError(
            f"{task.name}: neither a higher nor a lower {task.primary} is better, so there is no default policy. "
            f"Write a policy, and name it with {setting('policy', 'FILE')}."
        )
    rules = [Rule(rule="not_worse", score=task.primary)]
    if any(m.name == "critical_error_rate" for m in metrics):
        rules.append(Rule(rule="not_worse", score="critical_error_rate", margin=0.02))
    return _with_margins(Policy(rules=tuple(rules)), task)


def _find_problems(rule: Rule, task: Task, metrics: Collection[Metric]) -> list[tuple[str, str]]:
    """What a schema cannot know: whether the score exists, and which direction is better. Pairs of a field and a problem."""
    by_name = {metric.name: metric for metric in metrics}
    known = [*by_name, *MEASURES, *REVIEW_SCORES, *LEAK_BOUNDS]
    if rule.score not in known:
        owner = next((name for name, family in families().items() if rule.score in family.scores), None)
        hint = f" It belongs to the metric '{owner}': add that to the task." if owner else did_you_mean(rule.score, known)
        return [("score", f"'{rule.score}' is not a score of '{task.name}'.{hint}")]
    metric = by_name.get(rule.score)
    problems = _direction_problems(rule, metric.direction if metric else REVIEW_SCORES.get(rule.score, "lower"))
    if rule.rule == "not_worse" and rule.margin is None and rule.relative is None and rule.score != task.primary:
        problems.append(("score", f"the task's margin is for {task.primary}; set 'margin' to say by how much {rule.score} may be worse"))
    if rule.against is not None and rule.compares:
        problems.append(("against", f"the command names the baseline, so in a policy the rule '{rule.rule}' takes no 'against'"))
    problems += _scale_problems(rule, BOUNDS.get(metric.unit) if metric else _FIXED_BOUNDS.get(rule.score))
    can_be_negative = rule.score == "forgetting" or (metric is not None and BOUNDS.get(metric.unit, (0.0, 0.0))[0] < 0)
    if rule.relative is not None and can_be_negative:
        problems.append(("relative", f"{rule.score} can be negative, so a share of it means nothing; use 'margin'"))
    if rule.slice and metric and task.chooses and metric.level != "example":
        problems.append(("slice", f"{rule.score} is computed over all labels, and a slice may lack some of them; use accuracy"))
    if rule.slice and metric is None:
        problems.append(("slice", f"{rule.score} is not measured per slice"))
    if rule.score in REVIEW_SCORES and rule.rule not in ("floor", "ceiling"):
        problems.append(("rule", "a review is compared within itself; use 'floor' or 'ceiling'"))
    if rule.score in LEAK_BOUNDS and rule.rule != "ceiling":
        problems.append(("rule", "the leak test of the baseline is not at hand; use 'ceiling'"))
    return problems


def _scale_problems(rule: Rule, bounds: tuple[float, float] | None) -> list[tuple[str, str]]:
    """Numbers at the end of a score's scale or beyond it: with them a rule says nothing about a model."""
    if bounds is None:
        return []
    lowest, highest = bounds
    scale = f"{rule.score} ranges from {lowest:g} to {highest:g}"
    if rule.value is not None and not lowest < rule.value < highest:
        is_floor, at_lowest = rule.rule == "floor", rule.value <= lowest
        what = "every model passes" if is_floor == at_lowest else "no model can be shown to pass"
        return [("value", f"{scale}: with a {rule.rule} of {rule.value:g} {what}")]
    if rule.margin is not None and rule.margin >= highest - lowest:
        return [("margin", f"{scale}, so with a margin of {rule.margin:g} everything passes")]
    if rule.by is not None and rule.by >= highest - lowest:
        return [("by", f"{scale}, so no model can be better by more than {rule.by:g}")]
    return []


def _direction_problems(rule: Rule, direction: Literal["higher", "lower", "none"]) -> list[tuple[str, str]]:
    if direction == "none" and rule.rule in ("not_worse", "better"):
        return [("rule", f"neither a higher nor a lower {rule.score} is better; use 'floor' or 'ceiling'")]
    if (rule.rule, direction) in (("floor", "lower"), ("ceiling", "higher")):
        other = "ceiling" if rule.rule == "floor" else "floor"
        return [("rule", f"a {direction} {rule.score} is better, so a {rule.rule} would reject good models; use '{other}'")]
    return []


def policy_to_plain(policy: Policy) -> dict[str, Any]:
    """The policy as plain values, for the record. A rule on complaints is there only if the policy has one."""
    values = policy.model_dump(mode="json")
    if policy.complaints is None:
        del values["complaints"]
    return values
