"""The verdict on each rule. Decisions are read from one-sided limits at level α, never from the number that happens to be measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.errors import BenchError
from harness.gate.gate_input import GateInput
from harness.gate.measures import ruling_of_measure
from harness.gate.people import ruling_of_people
from harness.gate.policy import MEASURES, REVIEWS, Policy, Rule
from harness.gate.score_rules import rule_on_score
from harness.gate.verdict import RuleVerdict
from harness.results import MOST_VALUES, slice_examples
from harness.text import plural
from harness.types import Example, Metric

_SLICE = 30  # rows that a slice has at least, where the rule says nothing


def rulings_of(case: GateInput) -> list[RuleVerdict]:
    """The least that must be there, then every rule in the order of the policy; a rule on slices is one ruling a slice."""
    return [*_least(case), *(ruling for rule in case.policy.rules for ruling in _ruling(case, rule))]


def slices_asked_for(policy: Policy, examples: Sequence[Example]) -> dict[str, dict[str, list[int]]]:
    """The positions of the rows by value, of each column that a rule cuts them by.

    Raises:
        BenchError: no such column, or one with too many values; every rule with its problem.
    """
    found: dict[str, dict[str, list[int]]] = {}
    problems: list[str] = []
    for number, rule in enumerate(policy.rules):
        if rule.slice is not None:
            column, named, value = rule.slice.partition("=")
            where = f"the policy's rules[{number}] ({rule.title}): slice"
            try:
                slices = slice_examples(examples, column, most=None if named else MOST_VALUES, where=where)
                if named and value not in slices:  # numbers are cut into thirds; one of them may be meant all the same
                    slices = slice_examples(examples, column, most=None, where=where, thirds=False)
                found[rule.slice] = slices
            except BenchError as error:
                problems += error.problems
    if problems:
        raise BenchError(problems)
    return found


def unjudged(policy: Policy, slices: Mapping[str, Mapping[str, Sequence[int]]]) -> list[str]:
    """Which parts of the rows are too small for a rule on all parts, in sentences."""
    found = []
    for rule in policy.rules:
        if rule.slice is not None and "=" not in rule.slice:
            least = rule.rows or _SLICE
            small = [f"{name} ({len(rows)})" for name, rows in slices[rule.slice].items() if len(rows) < least]
            more = f" and {len(small) - 6} others" if len(small) > 6 else ""
            if small:
                found.append(f"{rule.title}: not judged, for they have fewer than {least} rows: {', '.join(small[:6])}{more}.")
    return list(dict.fromkeys(found))


def _least(case: GateInput) -> list[RuleVerdict]:
    found, rows, seeds = [], len(case.candidate.examples), len(case.candidate.done)
    wanted = case.policy.rows
    if rows < wanted:
        reason = f"{plural(rows, 'test row')}; the policy asks for {wanted:,}"
        found.append(RuleVerdict(f"{wanted:,} test rows", "INCONCLUSIVE", reason, n=rows, examples_needed=wanted))
    elif wanted > _SLICE:
        found.append(RuleVerdict(f"{wanted:,} test rows", "PASS", f"{rows:,} test rows", n=rows))
    if case.policy.seeds > 1:
        enough = seeds >= case.policy.seeds or not case.candidate.varies_by_seed
        reason = plural(seeds, "training seed") + ("" if enough else f"; the policy asks for {case.policy.seeds}")
        found.append(RuleVerdict(f"{case.policy.seeds} training seeds", "PASS" if enough else "INCONCLUSIVE", reason))
    return found


def _ruling(case: GateInput, rule: Rule) -> list[RuleVerdict]:
    if rule.score in REVIEWS:
        return [ruling_of_people(case, rule)]
    if rule.score in MEASURES:
        return [ruling_of_measure(case, rule)]
    metric = case.metrics[rule.score]
    if rule.slice is None:
        return [rule_on_score(case, rule, metric, None, rule.title)]
    return _of_slices(case, rule, metric, rule.slice)


def _of_slices(case: GateInput, rule: Rule, metric: Metric, cut: str) -> list[RuleVerdict]:
    """One ruling a slice that is large enough, or that of the one that is named."""
    column, _, wanted = cut.partition("=")
    slices = case.slices[cut]
    if wanted:
        if wanted in slices:
            return [rule_on_score(case, rule, metric, slices[wanted], rule.title)]
        return [
            RuleVerdict(rule.title, "FAIL", f"no test row has {column} = {wanted}; there are {', '.join(list(slices)[:12])}", rule.score)
        ]
    large = {name: rows for name, rows in slices.items() if len(rows) >= (rule.rows or _SLICE)}
    if not large:
        most = max(len(rows) for rows in slices.values())
        few = f"no slice by {column} has {rule.rows or _SLICE} rows; the largest has {most}"
        return [RuleVerdict(rule.title, "INCONCLUSIVE", few, rule.score)]
    return [rule_on_score(case, rule, metric, rows, f"{rule.title} = {name}") for name, rows in large.items()]
