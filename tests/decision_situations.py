"""Situations for decisions: each state, guardrail status and sanity check, failed cells, and inputs that contradict each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from evidence_factory import CEILING, evidence, score, strategy

from harness.decision import Evidence, GateEvidence, SanityFinding, StrategyEvidence
from harness.gate import GuardrailResult, GuardrailStatus
from harness.results import BreakEven, HostedReplacement
from harness.statistics import ClaimStatus, TotalsPair
from harness.types import Rule

NO_WORSE = Rule(rule="not_worse", score="unsupported_rate", margin=0.02, against="base")
FLOOR = Rule(rule="floor", score="accuracy", value=0.7)
LEAKS = Rule(rule="ceiling", score="canary_extraction_rate", value=0.05)
PASS, FAIL = GateEvidence("PASS", "wards", rules=3), GateEvidence("FAIL", "wards", rules=3, failed=1)
OPEN = GateEvidence("INCONCLUSIVE", "wards", rules=3, undecided=2)


@dataclass(frozen=True)
class Situation:
    """Evidence, and the state and strategy that it must lead to."""

    name: str
    evidence: Evidence
    state: str
    strategy: str | None


def limit(
    label: str, status: GuardrailStatus = "kept", rule: Rule = CEILING, claim: ClaimStatus | None = None, **more: Any
) -> GuardrailResult:
    """A result for a guardrail, with numbers that fit its status."""
    values: Mapping[GuardrailStatus, tuple[float | None, float | None, float | None]] = {
        "kept": (0.01, 0.0, 0.03),
        "broken": (0.85, 0.76, 0.92),
        "undecided": (0.04, 0.02, 0.08),
        "untrusted": (0.02, 0.01, 0.04),
        "no_evidence": (None, None, None),
    }
    estimate, low, high = values[status] if claim is None else (0.06, 0.03, 0.11)
    needed = 400 if status == "undecided" else None
    return GuardrailResult(
        rule,
        label,
        status,
        estimate,
        low,
        high,
        unit="fraction",
        n=200,
        examples_needed=needed,
        assumed="observed" if needed else "",
        claim=claim or ("refuted" if status == "broken" else ""),
        **more,
    )


def with_limit(label: str, value: float | None, status: GuardrailStatus = "kept", **more: Any) -> StrategyEvidence:
    """A strategy with critical errors and a result for their limit."""
    rate = {"kept": 0.01, "broken": 0.85}.get(status, 0.03)
    return strategy(label, value, guardrails=(limit(label, status),), critical={"critical_error_rate": score(rate)}, **more)


def finding(code: str, severity: str, label: str = "", **numbers: float) -> SanityFinding:
    return SanityFinding(code, severity, label, numbers)  # type: ignore[arg-type]


def trivial(label: str, gain: float) -> SanityFinding:
    """The strategy is not shown to beat the trivial baseline, which it leads by `gain` on these examples."""
    values = {"score": 0.5, "trivial": 0.5 - gain, "gain": gain, "least": gain - 0.2, "examples": 60}
    return SanityFinding(
        "not_better_than_trivial", "blocks", label, values, {"kind": ("majority",), "score": ("accuracy",), "unit": ("fraction",)}
    )


def constant(label: str, answer: str = "ham") -> StrategyEvidence:
    """A strategy that gives one answer to everything, and does not beat a trivial baseline that always answers “ham”."""
    same = SanityFinding("constant_output", "blocks", label, {"constant": 1, "seeds": 1, "examples": 60}, {"label": (answer,)})
    beaten = trivial(label, 0.0)
    return strategy(label, 0.5, sanity=(replace(beaten, texts={**beaten.texts, "label": ("ham",)}), same))


def limited(*strategies: StrategyEvidence, **more: Any) -> Evidence:
    """Evidence on a task that limits critical errors."""
    return evidence(list(strategies), rules=(CEILING,), **more)


BASE, LORA, FULL = strategy("base", 0.2), strategy("lora", 0.80), strategy("full", 0.805)
SAFE_BASE, SAFE_LORA, SAFE_FULL = with_limit("base", 0.2), with_limit("lora", 0.80), with_limit("full", 0.805)
ONE_CLASS = SanityFinding("single_class_test_set", "blocks", "", {"examples": 9}, {"label": ("ham",)})
FEW = SanityFinding(
    "few_examples_per_class", "conditions", "", {"needed": 5, "few": 2, "labels": 3, "fewest": 1}, {"labels": ("spam", "ham")}
)
MISSED = SanityFinding(
    "missed_classes", "conditions", "full", {"missed": 1, "labels": 4, "recognized": 0, "examples": 38, "seeds": 1}, {"labels": ("urgent",)}
)
HOSTED: Mapping[str, BreakEven] = {  # full fine-tuning stands for a model that somebody else runs
    "from a volume on": BreakEven("from", 41_234),
    "from a volume on, with a range": BreakEven("from", 41_234, 29_800, 65_100, reviewed=True),
    "from a volume on, perhaps never": BreakEven("from", 41_234, 29_800, None, reviewed=True),
    "at any volume": BreakEven("always"),
    "at no volume": BreakEven("never"),
    "at a price that is missing": BreakEven("unknown"),
}
RATES = {"critical_error_rate": score(0.85)}


def with_finding(code: str, severity: str, **numbers: float) -> Evidence:
    """A finding about lora."""
    return evidence([BASE, strategy("lora", 0.8, sanity=(finding(code, severity, "lora", **numbers),)), FULL])


SITUATIONS = (
    # ship
    Situation("the cheapest that is good enough", evidence([BASE, LORA, FULL]), "ship", "lora"),
    Situation(
        "the best finds no example of a class",
        evidence([BASE, strategy("lora", 0.6), strategy("full", 0.8, sanity=(MISSED,))]),
        "ship_with_conditions",
        "full",
    ),
    Situation("clearly the best", evidence([BASE, strategy("lora", 0.6), FULL]), "ship", "full"),
    Situation("every guardrail kept", limited(SAFE_BASE, SAFE_LORA, SAFE_FULL), "ship", "lora"),
    Situation("the gate passed", evidence([BASE, strategy("lora", 0.8, gates=(PASS,))]), "ship", "lora"),
    Situation(
        "raters saw few critical errors",
        evidence([BASE, strategy("lora", 0.8, rated=60, raters_critical=score(0.02, 60))], generates_text=True),
        "ship",
        "lora",
    ),
    Situation("the untuned model is good enough", evidence([strategy("base", 0.80), FULL]), "ship", "base"),
    Situation("a cheaper one that is undecided", evidence([strategy("base", 0.785), LORA, FULL], error=0.012), "ship", "lora"),
    Situation(
        "several seeds",
        evidence([BASE, strategy("lora", 0.8, varies_by_seed=True, planned=3, finished=3)], seed_risks={("lora", "base"): -0.4}),
        "ship",
        "lora",
    ),
    Situation(
        "a hosted model without a price was asked once",
        evidence([BASE, strategy("full", 0.8, asked_once=True, has_no_price=True)]),
        "ship",
        "full",
    ),
    Situation("the targets are outputs of a model", evidence([BASE, LORA], targets_from="incumbent"), "ship_with_conditions", "lora"),
    # a guardrail
    Situation("the best breaks a guardrail", limited(SAFE_BASE, SAFE_LORA, with_limit("full", 0.9, "broken")), "ship", "lora"),
    Situation(
        "only one keeps the guardrail",
        limited(with_limit("base", 0.2, "broken"), SAFE_LORA, with_limit("full", 0.9, "broken")),
        "ship",
        "lora",
    ),
    Situation(
        "every tuned model breaks the guardrail",
        limited(SAFE_BASE, with_limit("lora", 0.8, "broken"), with_limit("full", 0.9, "broken")),
        "ship",
        "base",
    ),
    Situation(
        "all break the guardrail",
        limited(with_limit("base", 0.2, "broken"), with_limit("lora", 0.8, "broken"), with_limit("full", 0.9, "broken")),
        "do_not_ship",
        None,
    ),
    Situation("the guardrail is undecided", limited(SAFE_BASE, with_limit("lora", 0.8, "undecided")), "ship_with_conditions", "lora"),
    Situation("the guardrail is not measured", limited(SAFE_BASE, with_limit("lora", 0.8, "no_evidence")), "ship_with_conditions", "lora"),
    Situation(
        "the score of the guardrail is not trusted",
        limited(SAFE_BASE, with_limit("lora", 0.8, "untrusted")),
        "ship_with_conditions",
        "lora",
    ),
    Situation(
        "a limit on leaks without a leak test",
        evidence(
            [
                strategy("base", 0.2, guardrails=(limit("base", rule=LEAKS),)),
                strategy("lora", 0.8, guardrails=(limit("lora", "no_evidence", LEAKS),)),
            ],
            rules=(LEAKS,),
        ),
        "ship_with_conditions",
        "lora",
    ),
    Situation(
        "too few planted secrets to decide",
        evidence(
            [
                strategy("base", 0.2, guardrails=(limit("base", rule=LEAKS),)),
                strategy("lora", 0.8, guardrails=(replace(limit("lora", "undecided", LEAKS), examples_needed=None, assumed=""),)),
            ],
            rules=(LEAKS,),
        ),
        "ship_with_conditions",
        "lora",
    ),
    Situation("a guardrail without any result", limited(SAFE_BASE, LORA), "ship_with_conditions", "lora"),
    Situation(
        "a cheaper one is not shown to keep the guardrail",
        limited(SAFE_BASE, with_limit("lora", 0.8, "undecided"), SAFE_FULL),
        "ship",
        "full",
    ),
    Situation(
        "several guardrails",
        evidence(
            [
                strategy(
                    "base", 0.2, guardrails=(limit("base", "broken"), limit("base", "kept", NO_WORSE), limit("base", "broken", FLOOR))
                ),
                strategy("lora", 0.8, guardrails=(limit("lora"), limit("lora", "untrusted", NO_WORSE), limit("lora", "undecided", FLOOR))),
            ],
            rules=(CEILING, NO_WORSE, FLOOR),
        ),
        "ship_with_conditions",
        "lora",
    ),
    Situation(
        "raters measured the guardrail",
        limited(SAFE_BASE, strategy("lora", 0.8, guardrails=(limit("lora", measured_by="raters"),), rated=60)),
        "ship",
        "lora",
    ),
    Situation(
        "critical errors without a limit",
        evidence([strategy("base", 0.2, critical=RATES), strategy("full", 0.9, critical=RATES)]),
        "undecided",
        None,
    ),
    # the gate
    Situation("the gate is inconclusive", evidence([BASE, strategy("lora", 0.8, gates=(OPEN,)), FULL]), "ship_with_conditions", "lora"),
    Situation(
        "the gate judged earlier outputs", evidence([BASE, strategy("lora", 0.8, outdated_gates=1), FULL]), "ship_with_conditions", "lora"
    ),
    Situation("verdicts on models of another run", evidence([BASE, LORA, FULL], foreign_verdicts=2), "ship", "lora"),
    Situation(
        "the gate passed the trivial baseline",
        evidence([BASE, replace(constant("lora"), gates=(PASS,)), FULL]),
        "ship_with_conditions",
        "full",
    ),
    Situation(
        "the gate is inconclusive about what is broken by its estimate",
        limited(SAFE_BASE, strategy("lora", 0.8, guardrails=(limit("lora", "broken", claim="undecided"),), gates=(OPEN,)), SAFE_FULL),
        "ship_with_conditions",
        "full",
    ),
    Situation(
        "the reference of a guardrail",
        evidence(
            [
                strategy("base", 0.2, guardrails=(limit("base", rule=NO_WORSE, is_reference=True),)),
                strategy("lora", 0.8, guardrails=(limit("lora", rule=NO_WORSE),)),
            ],
            rules=(NO_WORSE,),
        ),
        "ship",
        "lora",
    ),
    Situation("the gate failed the best", evidence([BASE, strategy("lora", 0.8, gates=(FAIL,)), FULL]), "ship_with_conditions", "full"),
    Situation(
        "the gate failed every tuned model",
        evidence([BASE, strategy("lora", 0.8, gates=(FAIL,)), strategy("full", 0.8, gates=(FAIL,))]),
        "ship_with_conditions",
        "base",
    ),
    Situation(
        "the gate has not judged the choice", evidence([BASE, LORA, strategy("full", 0.805, gates=(PASS,))]), "ship_with_conditions", "lora"
    ),
    # sanity checks
    Situation(
        "the trivial baseline is not beaten",
        evidence([BASE, strategy("lora", 0.8, sanity=(trivial("lora", -0.01),)), FULL]),
        "ship",
        "full",
    ),
    Situation(
        "nothing beats the trivial baseline",
        evidence([strategy(name, 0.5, sanity=(trivial(name, -0.1),)) for name in ("base", "lora")]),
        "do_not_ship",
        None,
    ),
    Situation(
        "nothing is shown to beat the trivial baseline",
        evidence([strategy(name, 0.5, sanity=(trivial(name, 0.1),)) for name in ("base", "lora")]),
        "undecided",
        None,
    ),
    Situation("a strategy that is the trivial baseline", evidence([BASE, constant("lora"), FULL]), "ship", "full"),
    Situation("two strategies that are the trivial baseline", evidence([BASE, constant("lora"), constant("dora"), FULL]), "ship", "full"),
    Situation("a constant answer other than the baseline's", evidence([BASE, constant("lora", "spam"), FULL]), "ship", "full"),
    Situation("every strategy is the trivial baseline", evidence([constant("base"), constant("lora")]), "do_not_ship", None),
    Situation(
        "few examples per class, and nothing beats the trivial baseline",
        evidence([strategy("lora", 0.5, sanity=(trivial("lora", 0.1),))], sanity=(FEW,)),
        "undecided",
        None,
    ),
    Situation("no score for the trivial baseline", with_finding("trivial_not_scored", "conditions"), "ship_with_conditions", "lora"),
    Situation("the same answer to everything", with_finding("constant_output", "blocks", constant=1, seeds=1, examples=60), "ship", "full"),
    Situation(
        "empty outputs", with_finding("empty_outputs", "conditions", count=12, outputs=60, share=0.2), "ship_with_conditions", "lora"
    ),
    Situation("repeated prompts", with_finding("repeats_prompt", "notes", count=2, outputs=60, share=0.03), "ship", "lora"),
    Situation(
        "raters disagree with the score",
        with_finding("raters_disagree", "conditions", raters=0.2, score=0.01),
        "ship_with_conditions",
        "lora",
    ),
    Situation("one class in the test set", evidence([BASE, strategy("lora", 1.0)], sanity=(ONE_CLASS,)), "undecided", None),
    Situation("few examples per class", evidence([BASE, LORA], sanity=(FEW,)), "ship_with_conditions", "lora"),
    Situation(
        "the untuned model already solves it",
        evidence(
            [
                strategy("base", 0.995, sanity=(finding("base_already_solves", "notes", "base", score=0.995, best=1.0, margin=0.02),)),
                strategy("lora", 0.996),
            ]
        ),
        "ship",
        "base",
    ),
    # how certain
    Situation("too close to call", evidence([BASE, LORA, FULL], error=0.2), "undecided", None),
    Situation("low confidence", evidence([BASE, LORA], reason="fewer than 30 examples"), "ship_with_conditions", "lora"),
    Situation("one seed", evidence([BASE, strategy("lora", 0.8, varies_by_seed=True)]), "ship_with_conditions", "lora"),
    Situation(
        "seeds that differ",
        evidence([BASE, strategy("lora", 0.8, varies_by_seed=True, planned=3, finished=3)], seed_risks={("lora", "base"): 0.3}),
        "ship_with_conditions",
        "lora",
    ),
    Situation("free text that nobody has judged", evidence([BASE, LORA], generates_text=True), "ship_with_conditions", "lora"),
    # what is there to compare
    Situation("a seed that diverged", evidence([BASE, strategy("lora", 0.8, planned=3, finished=2)]), "ship_with_conditions", "lora"),
    Situation(
        "an unfinished run", evidence([BASE, LORA, strategy("full", None, finished=0, interrupted=1)]), "ship_with_conditions", "lora"
    ),
    Situation("a strategy that failed", evidence([BASE, LORA, strategy("full", None, finished=0)]), "ship", "lora"),
    Situation("no result at all", evidence([strategy("base", None, finished=0), strategy("lora", None, finished=0)]), "undecided", None),
    Situation("one strategy", evidence([LORA]), "undecided", None),
    Situation("one strategy, which breaks the guardrail", limited(with_limit("lora", 0.8, "broken")), "do_not_ship", None),
    Situation("no untuned model", evidence([LORA, strategy("full", 0.9)]), "ship", "full"),
    Situation("scores that cannot be compared", evidence([BASE, LORA], recommendation=None), "undecided", None),
    # inputs that contradict each other
    Situation(
        "the gate passed what breaks a guardrail",
        limited(SAFE_BASE, with_limit("lora", 0.8, "broken", gates=(PASS,)), SAFE_FULL),
        "ship_with_conditions",
        "full",
    ),
    Situation(
        "the gate passed and failed it", evidence([BASE, strategy("lora", 0.8, gates=(PASS, FAIL)), FULL]), "ship_with_conditions", "full"
    ),
    Situation(
        "raters prefer what scored worse",
        evidence([BASE, strategy("lora", 0.8, rated=60, preferred=("base",))]),
        "ship_with_conditions",
        "lora",
    ),
    Situation(
        "raters see what a kept guardrail does not",
        limited(
            SAFE_BASE,
            with_limit(
                "lora",
                0.8,
                rated=60,
                raters_critical=score(0.3, 60),
                sanity=(finding("raters_disagree", "conditions", "lora", raters=0.3, score=0.01),),
            ),
        ),
        "ship_with_conditions",
        "lora",
    ),
    Situation(
        "a perfect score of a constant answer",
        evidence(
            [BASE, strategy("lora", 1.0, sanity=(finding("constant_output", "blocks", "lora", constant=1, seeds=1, examples=9),))],
            sanity=(ONE_CLASS,),
        ),
        "undecided",
        None,
    ),
    Situation(
        "totals only",
        replace(
            evidence([BASE, LORA]),
            recommendation=None,
            totals=(TotalsPair("base", "lora", 0.6, 0.001, "shown"),),
        ),
        "undecided",
        None,
    ),
    Situation(
        "everything at once",
        limited(
            with_limit("base", 0.5),
            with_limit("lora", 0.8, "undecided", gates=(OPEN,), varies_by_seed=True, planned=3, finished=1, preferred=("base",)),
            strategy("full", None, finished=0, interrupted=1),
            generates_text=True,
            reason="fewer than 30 examples",
        ),
        "ship_with_conditions",
        "lora",
    ),
    Situation(
        "tuned elsewhere, on data that are not known",
        evidence([BASE, strategy("lora", 0.80, has_foreign_weights=True)]),
        "ship_with_conditions",
        "lora",
    ),
    Situation(
        "tuned elsewhere, and a person says that no test example was among the data",
        evidence([BASE, strategy("lora", 0.80, has_foreign_weights=True, unseen="the test notes are newer than the model")]),
        "ship",
        "lora",
    ),
    *(
        Situation(
            f"cheaper than a hosted model {when}",
            evidence([BASE, LORA, FULL], replacements=(HostedReplacement("lora", "full", found, None, None),)),
            "ship",
            "lora",
        )
        for when, found in HOSTED.items()
    ),
    Situation(
        "cheaper than a hosted model, but perhaps worse",
        evidence(
            [BASE, strategy("lora", 0.79), strategy("full", 0.8)],
            error=0.05,
            replacements=(HostedReplacement("lora", "full", BreakEven("always"), None, None),),
        ),
        "undecided",
        None,
    ),
)
