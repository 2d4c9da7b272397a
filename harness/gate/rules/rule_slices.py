"""The slices of the test examples that rules are about, such as every ward or every class."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import BenchError
from harness.gate.gate_input import Slices
from harness.gate.policies import Policy
from harness.gate.rules.score_rules import describe_rule
from harness.gate.verdict import VerdictNote
from harness.results import MOST_VALUES, slice_examples
from harness.types import Example, Rule

_MIN_EXAMPLES = 30  # of a slice, where the rule does not set `rows`


def slice_for_rules(policy: Policy, examples: Sequence[Example]) -> dict[str, dict[str, list[int]]]:
    """The positions of the test examples by value, for the `slice` of every rule that has one.

    Raises:
        BenchError: an unknown column, or one with too many values; the problems of all rules at once.
    """
    slices: dict[str, dict[str, list[int]]] = {}
    problems: list[str] = []
    for number, rule in enumerate(policy.rules):
        if rule.slice is None:
            continue
        column, value = rule.slice_column, rule.slice_value
        where = f"policy: rules[{number}] ({rule.rule} {rule.score}): slice"
        try:
            by_value = slice_examples(examples, column, most=None if value is not None else MOST_VALUES, where=where)
            if value is not None and value not in by_value:  # numbers are cut into thirds, and a rule may name one of the numbers
                by_value = slice_examples(examples, column, most=None, where=where, thirds=False)
            slices[rule.slice] = by_value
        except BenchError as error:
            problems += error.problems
    if problems:
        raise BenchError(problems)
    return slices


def min_slice_examples(rule: Rule) -> int:
    """How many test examples a slice needs for a rule on every slice."""
    return rule.rows or _MIN_EXAMPLES


def note_skipped_slices(policy: Policy, slices: Slices) -> list[VerdictNote]:
    """For each rule on every slice, those that are too small to be judged."""
    notes: list[VerdictNote] = []
    for rule in policy.rules:
        if rule.slice is None or rule.slice_value is not None:
            continue
        minimum = min_slice_examples(rule)
        small = {name: len(positions) for name, positions in slices[rule.slice].items() if len(positions) < minimum}
        if small:
            texts = {"slices": tuple(small), "sizes": tuple(map(str, small.values()))}
            note = VerdictNote("slices_skipped", {"minimum": minimum}, texts, describe_rule(rule))
            notes += [note] if note not in notes else []
    return notes
