"""What sanity checks found, as sentences, and as clauses inside one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from harness.decision import SanityCode, SanityFinding
from harness.reporting.wording import numbers
from harness.reporting.wording.decision.trivial_sentences import trivial_clause
from harness.reporting.wording.names import list_names, quote_label, score_name, starts_sentence, strategy_in_sentence
from harness.results import TrivialKind

_MOST_LABELS = 3  # in a sentence


def describe_finding(finding: SanityFinding) -> str:
    """A finding as a sentence."""
    clause = _CLAUSES[finding.code](finding)
    if not finding.strategy:
        return f"{clause[:1].upper()}{clause[1:]}."
    name = strategy_in_sentence(finding.strategy)
    return starts_sentence(f"{name} {clause}.", finding.strategy)


def finding_clause(finding: SanityFinding) -> str:
    """A finding inside a sentence: about a strategy without its name, "answers “ham” to every example"; about the task as it is."""
    return _CLAUSES[finding.code](finding)


def shared_clause(code: SanityCode) -> str:
    """What several strategies have in common, after their names: "answer the same to every example"."""
    return _SHARED[code]


_SHARED: Mapping[SanityCode, str] = {
    "not_better_than_trivial": "are not shown to be better than the trivial baseline",
    "constant_output": "give one and the same answer to every example",
    "empty_outputs": "leave many outputs empty",
    "repeats_prompt": "repeat the prompt in many outputs",
}


def _not_better_than_trivial(finding: SanityFinding) -> str:
    known = finding.numbers
    is_better_here = known.get("gain", 0.0) > 0
    kind = cast(TrivialKind, finding.texts["kind"][0])
    rival = f"the trivial baseline, which {trivial_clause(kind, next(iter(finding.texts.get('label', ())), None))}"
    verb = "is not shown to be better than" if is_better_here else "is not better than"
    scores = ""
    if "score" in known and "trivial" in known:
        (name,), (unit,) = finding.texts["score"], finding.texts["unit"]
        scores = f" ({score_name(name)}: {numbers.score(known['score'], unit)} vs. {numbers.score(known['trivial'], unit)})"
    return f"{verb} {rival}{scores}"


def _constant_output(finding: SanityFinding) -> str:
    labels = finding.texts.get("label", ())
    what = f"answers {quote_label(labels[0])} to every example" if len(labels) == 1 else "gives the same answer to every example"
    constant, seeds = finding.numbers["constant"], finding.numbers["seeds"]
    return what if constant == seeds else f"{what} with {constant:.0f} of {seeds:.0f} seeds"


def _few_examples_per_class(finding: SanityFinding) -> str:
    few, labels = finding.numbers["few"], finding.numbers["labels"]
    names = list_names([quote_label(label) for label in finding.texts["labels"]], _MOST_LABELS)
    have = "has" if few == 1 else "have"
    return f"{few:.0f} of {labels:.0f} classes {have} fewer than {finding.numbers['needed']:.0f} test examples ({names})"


def _missed_classes(finding: SanityFinding) -> str:
    missed, recognized, seeds = (finding.numbers[name] for name in ("missed", "recognized", "seeds"))
    names = list_names([quote_label(label) for label in finding.texts["labels"]], _MOST_LABELS)
    seed = " with at least one seed" if seeds > 1 else ""
    if missed > 1:
        return f"recognizes at most a tenth of the test examples of {missed:.0f} of {finding.numbers['labels']:.0f} classes ({names}){seed}"
    count = "none" if recognized == 0 else f"only {recognized:.0f}"
    return f"recognizes {count} of the {finding.numbers['examples']:.0f} test examples of the class {names}{seed}"


def _raters_disagree(finding: SanityFinding) -> str:
    raters, score = numbers.share(finding.numbers["raters"]), numbers.share(finding.numbers["score"])
    return f"has critical errors in {raters} of its outputs according to raters, but in {score} according to the automatic score"


_CLAUSES: Mapping[SanityCode, Callable[[SanityFinding], str]] = {
    "not_better_than_trivial": _not_better_than_trivial,
    "trivial_not_scored": lambda finding: "could not be compared with the trivial baseline, for which the score was not computed",
    "constant_output": _constant_output,
    "empty_outputs": lambda finding: f"writes nothing for {numbers.share(finding.numbers['share'])} of the examples",
    "repeats_prompt": lambda finding: f"repeats the prompt in {numbers.share(finding.numbers['share'])} of its outputs",
    "single_class_test_set": lambda finding: f"every test example has the label {quote_label(finding.texts['label'][0])}",
    "few_examples_per_class": _few_examples_per_class,
    "missed_classes": _missed_classes,
    "base_already_solves": lambda finding: "leaves less than the accepted margin Δ to gain by training",
    "raters_disagree": _raters_disagree,
}
