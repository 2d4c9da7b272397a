"""Sentences about how strategies compare: the choice, its confidence, and the comparison with full fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.decision import SeedRisk
from harness.reporting.views import ScoreName
from harness.reporting.views.sections import FullTuningShare
from harness.reporting.wording import numbers
from harness.reporting.wording.names import list_strategies, list_strategies_first, score_in_sentence, starts_sentence, strategy_in_sentence
from harness.reporting.wording.sample_sizes import describe_sample_size
from harness.results import StrategyResult
from harness.statistics import Candidate, Recommendation, Standing

_STANDINGS: Mapping[Standing, str] = {
    "within": "As good as the best, within Δ",
    "undecided": "Too close to call",
    "worse": "Worse by more than Δ",
}


def describe_margin(recommendation: Recommendation, score: ScoreName) -> str:
    """The accepted margin, in brackets."""
    return f"(Δ\u00a0=\u00a0{numbers.margin(recommendation.margin)} on {score_in_sentence(score.name)})"  # does not break across lines


def describe_choice(recommendation: Recommendation, score: ScoreName, *, beaten: int, some_excluded: bool) -> str:
    """How the choice compares with the others.

    Args:
        beaten: the number of other strategies if it is shown to be better than each of them, else 0.
        some_excluded: whether strategies are ruled out, which may be better.
    """
    if beaten:
        others = "the other strategy" if beaten == 1 else "every other strategy"
        return f"On {score_in_sentence(score.name)}, it is shown to be better than {others}."
    if len(recommendation.candidates) == 1:
        return "No other strategy is left to compare it with."
    left = " that is not ruled out" if some_excluded else ""
    return f"No other strategy{left} is better by more than the accepted margin {describe_margin(recommendation, score)}."


def describe_confidence(recommendation: Recommendation, seeds: SeedRisk | None) -> str:
    """How often a wrong choice would be made."""
    if not recommendation.reliable:
        return "Confidence: low. The test examples are too few, or too uneven, for reliable conclusions."
    covers = " Other seeds are not taken into account." if seeds else ""
    return (
        "Confidence: on a new test sample, a strategy that another beats by more than Δ would be recommended at most "
        f"{100 * recommendation.alpha:g}% of the time.{covers}"
    )


def describe_seed_risk(seeds: SeedRisk, choice: str, margin: float, score: ScoreName) -> str:
    """What other seeds could change about the choice."""
    if seeds.single:
        ran = "ran with one seed each" if len(seeds.single) > 1 else "ran with one seed"
        return f"{list_strategies_first(seeds.single)} {ran}. Another seed could change the choice."
    assert seeds.worst is not None  # where every strategy ran with several seeds
    name, rival = strategy_in_sentence(choice), strategy_in_sentence(seeds.rival)
    weak = " Two seeds give only a weak estimate of their spread." if seeds.fewest == 2 else ""
    if seeds.worst < margin:
        return f"With other seeds taken into account, {name} is not worse than {rival} by more than Δ (95% confidence).{weak}"
    worst = numbers.with_unit(numbers.score(seeds.worst, score.unit), score.unit)
    return f"With other seeds taken into account, {name} could be worse than {rival} by up to {worst} (95% confidence).{weak}"


def describe_cheaper(candidates: Sequence[Candidate]) -> str:
    """That cheaper strategies may be as good."""
    names = list_strategies_first([c.name for c in candidates])
    be, they = ("is", "it is") if len(candidates) == 1 else ("are", "they are")
    return f"{names} {be} cheaper, but these test examples cannot show whether {they} as good.{describe_examples_needed(candidates)}"


def describe_undecided(recommendation: Recommendation, score: ScoreName) -> str:
    """Why there is no choice, and what would decide it."""
    open_ = [c for c in recommendation.candidates if c.standing == "undecided"]
    worse = [c.name for c in recommendation.candidates if c.standing == "worse"]
    which = "Neither" if len(open_) == 2 else "None"
    first = f"{which} is shown to be the best, or as good as the best within the accepted margin {describe_margin(recommendation, score)}."
    needed = describe_examples_needed([c for c in open_ if c.name != recommendation.best])
    ruled_out = f" {list_strategies_first(worse, 3)} {'is' if len(worse) == 1 else 'are'} shown to be worse." if worse else ""
    return f"{first}{needed}{ruled_out}"


def describe_examples_needed(candidates: Sequence[Candidate]) -> str:
    """The test examples that would show it, for the candidate that needs most of them."""
    sizes = [c.sample_size for c in candidates if c.sample_size is not None]
    return f" {describe_sample_size(max(sizes, key=lambda size: size.examples))}" if sizes else ""


def describe_leader(recommendation: Recommendation, leader: StrategyResult, score: ScoreName, *, excluded_better: bool) -> str:
    """What to choose without more test examples, and what that risks.

    Args:
        excluded_better: whether a strategy that is ruled out scored better.
    """
    candidate = recommendation.candidate(leader.label)
    left = " of the strategies that are not ruled out" if excluded_better else ""
    why = f"it scored highest{left}" if score.direction != "lower" else f"it scored lowest{left}, which is best"
    if any(lead.observed == 0 for lead in candidate.leads.values()) and candidate.lead >= 0:
        why = f"none{left} scored better"
    elif leader.label != recommendation.best:
        why = f"it scored within Δ of {strategy_in_sentence(recommendation.best)}, and costs less"
    first = f"If you need to decide today, choose {strategy_in_sentence(leader.label)}: {why}.{describe_costs(leader)}"
    if not recommendation.reliable or candidate.least is None:
        return f"{first} How much better another could be is uncertain: the test examples are too few, or too uneven."
    most = numbers.with_unit(numbers.score(max(0.0, -candidate.least), score.unit), score.unit)
    return f"{first} Another strategy could be up to {most} better (95% confidence)."


def describe_costs(result: StrategyResult) -> str:
    """A sentence with the costs of training and of 1,000 outputs, as the table beside it has them."""
    if result.costs is None:
        return ""
    amounts = [(result.costs.training_price or None, "to train"), (result.costs.thousand_price, "per 1,000 outputs")]
    known = [f"{numbers.money(price, result.costs.currency)} {what}" for price, what in amounts if price is not None]
    sentence = f" It costs {' and '.join(known)}." if known else ""
    return f"{sentence} What its training cost is not known." if result.costs.training_is_unknown else sentence


def describe_standings(recommendation: Recommendation, excluded: Sequence[str]) -> str:
    """Which strategies are as good as the best, too close to call, worse, and ruled out."""
    groups = [(text, [c.name for c in recommendation.candidates if c.standing == standing]) for standing, text in _STANDINGS.items()]
    groups.append(("Ruled out, and not compared", list(excluded)))
    return " ".join(f"{text}: {list_strategies(names)}." for text, names in groups if names)


def describe_full_tuning_share(share: FullTuningShare) -> str:
    """What a strategy delivers of full fine-tuning's improvement, and at what share of its cost."""
    kept = share.kept
    cost = f" at {numbers.share(share.cost)} of its cost" if share.cost is not None else ""
    name = starts_sentence(strategy_in_sentence(share.label), share.label)
    ci = f"95% CI {numbers.share_interval(kept.low, kept.high)}{'' if kept.reliable else ', low confidence'}"
    return f"{name} delivers {numbers.share(kept.value)} of full fine-tuning’s improvement ({ci}){cost}."
