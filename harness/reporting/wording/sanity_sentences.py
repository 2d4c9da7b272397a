"""What sanity checks found, as sentences, and as clauses inside one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.decision import SanityCode, SanityFinding
from harness.reporting.wording.names import starts_sentence, strategy_in_sentence


def describe_finding(finding: SanityFinding) -> str:
    """A finding as a sentence."""
    clause = _CLAUSES[finding.code](finding)
    if not finding.strategy:
        return f"{clause[:1].upper()}{clause[1:]}."
    name = strategy_in_sentence(finding.strategy)
    return starts_sentence(f"{name} {clause}.", finding.strategy)


def finding_clause(finding: SanityFinding) -> str:
    """A finding inside a sentence: about a strategy without its name, "answers 'ham' to everything"; about the task as it is."""
    return _CLAUSES[finding.code](finding)


_CLAUSES: Mapping[SanityCode, Callable[[SanityFinding], str]] = {
    "not_better_than_trivial": lambda finding: "is not shown to be better than the trivial baseline",
    "trivial_not_scored": lambda finding: "could not be compared with the trivial baseline",
    "constant_output": lambda finding: "gives the same answer to every example",
    "empty_outputs": lambda finding: "often writes nothing",
    "repeats_prompt": lambda finding: "often repeats its input",
    "single_class_test_set": lambda finding: "all test examples have the same label",
    "few_examples_per_class": lambda finding: "some classes have too few test examples",
    "base_already_solves": lambda finding: "the untuned model already solves the task",
    "raters_disagree": lambda finding: "raters and the automatic score disagree about critical errors",
}
