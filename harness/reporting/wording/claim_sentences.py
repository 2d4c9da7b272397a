"""Common claims about fine-tuning, and what this run shows about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.reporting.views import ScoreName
from harness.reporting.views.sections import ClaimReason, ClaimVerdict, CommonClaim
from harness.reporting.wording import numbers
from harness.reporting.wording.headings import CONFIDENCE_INTERVAL
from harness.reporting.wording.names import strategy_name
from harness.text import plural

SECTION = "Common claims, tested on your data"
UNTESTED = "Claims that this run cannot test"
COLUMNS = ("Claim", "Measured", "Verdict", "Why")
VERDICTS: Mapping[ClaimVerdict, str] = {"supported": "supported", "not_supported": "not supported", "cannot_tell": "cannot tell"}
NOTE = (
    f"A claim is supported where its whole interval ({CONFIDENCE_INTERVAL}; for costs the range over training runs) meets it, and not "
    "supported where the whole interval misses it. Claims are tested one by one, without correction for their number, and each strategy is "
    "the one that was trained here: another training run could differ."
)
_REASONS: Mapping[ClaimReason, str] = {
    "no_gain_of_full": "Full fine-tuning is not shown to improve on the untuned model.",
    "measured_once": "Each was trained once. With --seeds 3, the costs have a range.",
    "no_cost": "The costs to train are not known.",
    "trained_together": "It trained together with other cells: the cost of a training alone is not known. Run it without --together.",
    "not_trusted": "The score of unsupported content is not shown to agree with people. Review outputs to find out: bench review export.",
    "no_errors_of_base": "The untuned model has too little unsupported content to compute a relative change.",
    "base_near_zero": "The score of the untuned model may be 0, so that a share of it has no meaning.",
    "no_curve": "This takes a learning curve: several numbers of training examples (--train-sizes).",
    "far_forecast": "This is more than ten times the largest number that was run; no forecast was checked that far.",
    "trained_on_enough": "A model was already trained on as many.",
}
_MOST_BETTER = 0.5
_NOT_RUN = {
    "most_of_full": "This takes LoRA or QLoRA, full fine-tuning and the untuned model, on the same training examples.",
    "tenth_of_cost": "This takes LoRA or QLoRA and full fine-tuning, on the same training examples.",
    "fewer_unsupported": "This takes a tuned strategy and the untuned model.",
    "better_on_task": "This takes a tuned strategy and the untuned model.",
}


def summarize_untested(claims: Sequence[CommonClaim]) -> str:
    """How many claims this run has measured nothing for."""
    return f"{plural(len(claims), 'claim')} that this run cannot test, and what a test takes"


def describe_claim(claim: CommonClaim) -> str:
    """The claim as people make it, about the strategy that tests it."""
    adapter = strategy_name(claim.strategy) if claim.strategy else "LoRA"
    return {
        "most_of_full": f"{adapter} reaches 90% of full fine-tuning",
        "tenth_of_cost": f"{adapter} trains at a tenth of the cost",
        "fewer_unsupported": "70% fewer hallucinations",
        "better_on_task": "30–50% better on the task",
        "more_examples": "10,000 training examples are needed",
    }[claim.code]


def describe_measured(claim: CommonClaim, score: ScoreName) -> str:
    """The measured value, with what it is a share of; a dash where there is none."""
    if claim.value is None:
        return numbers.NOTHING
    share = numbers.share(claim.value)
    return {
        "most_of_full": f"{share} of the improvement",
        "tenth_of_cost": f"{share} of the cost",
        "fewer_unsupported": numbers.fewer(claim.value),
        "better_on_task": f"{numbers.share(abs(claim.value))} {'worse' if claim.value < 0 else 'better'}",
        "more_examples": f"{numbers.with_unit(numbers.signed(claim.value, score.unit), score.unit)} predicted",
    }[claim.code]


def describe_interval(claim: CommonClaim, score: ScoreName) -> str:
    """The interval of the measured value, or its range over training runs; empty where there is none."""
    if claim.low is None or claim.high is None:
        return ""
    if claim.code == "tenth_of_cost":
        return f"{numbers.share_interval(claim.low, claim.high)} over {numbers.plural(claim.n, 'training run')}"
    if claim.code == "fewer_unsupported":
        return f"{CONFIDENCE_INTERVAL} {numbers.fewer_interval(claim.low, claim.high)}"
    if claim.code == "more_examples":
        return f"{CONFIDENCE_INTERVAL} {numbers.signed_interval(claim.low, claim.high, score.unit)}"
    return f"{CONFIDENCE_INTERVAL} {numbers.share_interval(claim.low, claim.high)}"


def describe_reason(claim: CommonClaim, score: ScoreName) -> str:
    """Why the verdict is what it is."""
    limit = _limit(claim, score)
    if claim.code == "better_on_task" and claim.low is not None and claim.low > _MOST_BETTER and not claim.reason:
        return f"The whole interval is above {numbers.share(_MOST_BETTER)}, more than is claimed."
    if not claim.reason:
        what = "range" if claim.code == "tenth_of_cost" else "interval"
        meets = "at most" if claim.code == "tenth_of_cost" else "at least"
        misses = "above" if claim.code == "tenth_of_cost" else "below"
        return f"The whole {what} is {meets if claim.verdict == 'supported' else misses} {limit}."
    missing = "unsupported content" if claim.code == "fewer_unsupported" else "the task that can be compared"
    detailed: Mapping[ClaimReason, str] = {
        "not_run": _NOT_RUN.get(claim.code, ""),
        "no_score": f"There is no score of {missing}.",
        "low_confidence": f"Low confidence: {claim.detail or 'there is no valid interval'}.",
        "curve_problem": f"The learning curve allows no forecast: {claim.detail}." if claim.detail else "The curve allows no forecast.",
        "interval_includes_limit": f"The {'range' if claim.code == 'tenth_of_cost' else 'interval'} includes {limit}.",
    }
    return detailed.get(claim.reason) or _REASONS[claim.reason]


def _limit(claim: CommonClaim, score: ScoreName) -> str:
    if claim.code == "more_examples":
        return f"the margin, {numbers.with_unit(numbers.margin(claim.limit), score.unit)}"
    return numbers.share(claim.limit)
