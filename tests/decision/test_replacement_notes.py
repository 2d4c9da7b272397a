"""What the decision says about replacing a hosted strategy by an own one."""

from __future__ import annotations

import pytest
from evidence_factory import CEILING, MARGIN, evidence, score, strategy

from harness.decision import Decision, DecisionReason, decide
from harness.gate import GuardrailResult
from harness.reporting.wording.replacement_sentences import describe_replacement
from harness.results import BreakEven, BreakEvenCode, HostedReplacement

FROM = BreakEven("from", 41_000, 30_000, None)


def replacement(own: str = "lora", found: BreakEven = FROM, hosted: str = "incumbent") -> HostedReplacement:
    return HostedReplacement(own, hosted, found, None, None)


def notes(decision: Decision) -> list[DecisionReason]:
    return [reason for reason in decision.reasons if reason.code == "replacement"]


def test_a_choice_says_from_which_volume_on_it_replaces_each_hosted_strategy() -> None:
    made = evidence(
        [strategy("lora", 0.80), strategy("incumbent", 0.80), strategy("other", 0.80)],
        replacements=(replacement(), replacement(hosted="other", found=BreakEven("always"))),
    )
    first, second = notes(decide(made))
    assert (first.strategy, first.texts) == ("lora", {"hosted": ("incumbent",), "when": ("from",)})
    assert first.numbers == {"margin": MARGIN, "volume": 41_000, "low": 30_000}
    assert second.texts == {"hosted": ("other",), "when": ("always",)}


def test_quality_comes_before_money() -> None:
    """The own strategy costs nothing, but may be worse by more than the margin."""
    made = evidence(
        [strategy("incumbent", 0.80), strategy("lora", 0.79)], error=0.05, replacements=(replacement(found=BreakEven("always")),)
    )
    assert all(note.texts["when"] == ("unproven",) for note in notes(decide(made)))
    better = evidence([strategy("lora", 0.80), strategy("incumbent", 0.70)], replacements=(replacement(found=BreakEven("never")),))
    (note,) = notes(decide(better))
    assert note.texts["when"] == ("never",)


@pytest.mark.parametrize(("codes", "named"), [(("from", "always"), "full"), (("from", "never"), "lora"), (("unknown", "from"), "full")])
def test_a_hosted_choice_names_the_own_strategy_that_would_pay_first(codes: tuple[BreakEvenCode, ...], named: str) -> None:
    found = {name: BreakEven(code, 41_000 if code == "from" else None) for name, code in zip(("lora", "full"), codes, strict=True)}
    made = evidence(
        [strategy("incumbent", 0.80), strategy("lora", 0.80), strategy("full", 0.80)],
        replacements=tuple(replacement(name, each) for name, each in found.items()),
    )
    decision = decide(made)
    assert decision.strategy == "incumbent"
    assert [note.strategy for note in notes(decision)] == [named]


def test_a_strategy_that_is_ruled_out_replaces_nothing() -> None:
    broken = GuardrailResult(CEILING, "lora", "broken", estimate=0.2, n=200, examples_needed=900)
    kept = GuardrailResult(CEILING, "incumbent", "kept", estimate=0.01, n=200, examples_needed=900)
    strategies = [
        strategy("incumbent", 0.80, guardrails=(kept,), critical={"critical_error_rate": score(0.01)}),
        strategy("lora", 0.80, guardrails=(broken,), critical={"critical_error_rate": score(0.2)}),
    ]
    assert notes(decide(evidence(strategies, rules=(CEILING,), replacements=(replacement(),)))) == []


@pytest.mark.parametrize(
    ("is_cascade", "start"), [(False, "Replace incumbent by LoRA from about"), (True, "Use LoRA instead of incumbent alone from about")]
)
def test_a_cascade_does_not_replace_the_host_that_it_asks(is_cascade: bool, start: str) -> None:
    made = evidence([strategy("lora", 0.80), strategy("incumbent", 0.80)], replacements=(replacement(),))
    (note,) = notes(decide(made))
    assert describe_replacement(note, "accuracy", is_cascade=is_cascade).startswith(start)
