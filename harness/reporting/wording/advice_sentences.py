"""Sentences about which strategy to use: the recommendation, its confidence, and the comparison with full fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.decision import SeedRisk
from harness.reporting.views import ScoreName
from harness.reporting.views.sections import Advice, FullTuningShare
from harness.reporting.wording import numbers
from harness.reporting.wording.names import list_strategies, list_strategies_first, starts_sentence, strategy_in_sentence
from harness.results import StrategyResult
from harness.statistics import Candidate, Recommendation, Standing

_STANDINGS: Mapping[Standing, str] = {
    "within": "As good as the best, within Δ",
    "undecided": "Too close to call",
    "worse": "Worse by more than Δ",
}


def describe_advice(advice: Advice, strategies: Sequence[StrategyResult], score: ScoreName) -> list[str]:
    """All sentences, the most important first: the recommendation, its confidence, then the details."""
    recommendation = advice.recommendation
    results = {result.label: result for result in strategies}
    if recommendation.choice is None:
        sentences = [_too_close(recommendation, score), _if_needed_today(recommendation, results, score)]
    else:
        sentences = [_choice(recommendation, results[recommendation.choice], score), _confidence(recommendation, advice.seeds)]
        sentences += [_seed_risk(advice.seeds, recommendation, score)] if advice.seeds else []
        sentences += _cheaper_but_undecided(recommendation)
    sentences.append(_standings(recommendation))
    return [*sentences, *(_full_tuning_share(share) for share in advice.full_tuning if share.kept.value is not None)]


def _choice(recommendation: Recommendation, result: StrategyResult, score: ScoreName) -> str:
    name, costs = strategy_in_sentence(result.label), _costs(result)
    least = recommendation.candidate(result.label).least
    none_better = f"No other strategy is better by more than the accepted margin {_margin(recommendation, score)}.{costs}"
    if result.is_base:
        return f"Use {name} as it is. {none_better}"
    if sum(candidate.standing == "within" for candidate in recommendation.candidates) > 1:
        superlative = "cheapest" if recommendation.candidate(result.label).cost is not None else "best"
        return f"Use {name}: it is the {superlative} strategy that is good enough. {none_better}"
    if least is not None and least > 0:
        others = "the other strategy" if len(recommendation.candidates) == 2 else "every other strategy"
        return f"Use {name}: on {score.name}, it is shown to be better than {others}.{costs}"
    if result.label == recommendation.best:
        return f"Use {name}: it has the best score. {none_better}"
    return f"Use {name}. {none_better}"


def _margin(recommendation: Recommendation, score: ScoreName) -> str:
    return f"(Δ\u00a0=\u00a0{numbers.margin(recommendation.margin)} on {score.name})"  # does not break across lines


def _confidence(recommendation: Recommendation, seeds: SeedRisk | None) -> str:
    if not recommendation.reliable:
        return "Confidence: low. The test examples are too few, or too uneven, for reliable conclusions."
    covers = " Other seeds are not taken into account." if seeds else ""
    return (
        "Confidence: on a new test sample, a strategy that another beats by more than Δ would be recommended at most "
        f"{100 * recommendation.alpha:g}% of the time.{covers}"
    )


def _seed_risk(seeds: SeedRisk, recommendation: Recommendation, score: ScoreName) -> str:
    if seeds.single:
        ran = "ran with one seed each" if len(seeds.single) > 1 else "ran with one seed"
        return f"{list_strategies_first(seeds.single)} {ran}. Another seed could change the choice; run with --seeds 3 to find out."
    assert seeds.worst is not None and recommendation.choice is not None  # where every strategy ran with several seeds
    choice, rival = strategy_in_sentence(recommendation.choice), strategy_in_sentence(seeds.rival)
    weak = " Two seeds give only a weak estimate of their spread." if seeds.fewest == 2 else ""
    if seeds.worst < recommendation.margin:
        return f"With other seeds taken into account, {choice} is not worse than {rival} by more than Δ (95% confidence).{weak}"
    worst = numbers.with_unit(numbers.score(seeds.worst, score.unit), score.unit)
    return f"With other seeds taken into account, {choice} could be worse than {rival} by up to {worst} (95% confidence).{weak}"


def _cheaper_but_undecided(recommendation: Recommendation) -> list[str]:
    choice = recommendation.candidate(str(recommendation.choice))
    cheaper = [c for c in recommendation.candidates if c.standing == "undecided" and _is_cheaper(c, choice)]
    if not cheaper:
        return []
    names = list_strategies_first([c.name for c in cheaper])
    be, they = ("is", "it is") if len(cheaper) == 1 else ("are", "they are")
    return [f"{names} {be} cheaper, but these test examples cannot show whether {they} as good.{_examples_needed(cheaper)}"]


def _is_cheaper(one: Candidate, other: Candidate) -> bool:
    return one.cost is not None and (other.cost is None or one.cost < other.cost)


def _too_close(recommendation: Recommendation, score: ScoreName) -> str:
    open_ = [c for c in recommendation.candidates if c.standing == "undecided"]
    worse = [c.name for c in recommendation.candidates if c.standing == "worse"]
    names = list_strategies_first([c.name for c in open_], 3) if len(open_) > 1 else "The strategies"
    margin = _margin(recommendation, score)
    first = f"{names} are too close to call on {numbers.plural(recommendation.n, 'test example')}: "
    none = "neither" if len(open_) == 2 else "none"
    first += f"{none} is shown to be the best, or as good as the best within the accepted margin {margin}."
    needed = _examples_needed([c for c in open_ if c.name != recommendation.best])
    ruled_out = f" {list_strategies_first(worse, 3)} {'is' if len(worse) == 1 else 'are'} shown to be worse." if worse else ""
    return f"{first}{needed}{ruled_out}"


def _examples_needed(candidates: Sequence[Candidate]) -> str:
    """The test examples that would show it, for the candidate that needs most of them."""
    needed = [c.examples_needed for c in candidates if c.examples_needed is not None]
    if not needed:
        return ""
    return f" If they are equally good, showing it would take about {numbers.about(max(needed))} test examples."


def _if_needed_today(recommendation: Recommendation, results: Mapping[str, StrategyResult], score: ScoreName) -> str:
    """What to choose without more test examples: the cheapest of what scored best, or within Δ of it; and what that risks."""
    undecided = [c for c in recommendation.candidates if c.standing == "undecided"]
    near = [c for c in undecided if c.name == recommendation.best or (c.lead or 0.0) >= -recommendation.margin]
    highest = recommendation.candidate(recommendation.best)
    chosen = min((c for c in near if c.cost is not None), key=lambda c: c.cost or 0.0, default=highest)
    why = "it scored highest" if score.direction != "lower" else "it scored lowest, which is best"
    if chosen.name != recommendation.best:
        why = f"it scored within Δ of {strategy_in_sentence(recommendation.best)}, and costs less"
    first = f"If you need to decide today, choose {strategy_in_sentence(chosen.name)}: {why}.{_costs(results[chosen.name])}"
    if not recommendation.reliable or chosen.least is None:
        return f"{first} How much better another could be is uncertain: the test examples are too few, or too uneven."
    most = numbers.with_unit(numbers.score(-chosen.least, score.unit), score.unit)
    return f"{first} Another strategy could be up to {most} better (95% confidence)."


def _costs(result: StrategyResult) -> str:
    """A sentence with the costs of training and of 1,000 outputs, as the table beside it has them."""
    if result.costs is None:
        return ""
    amounts = [(result.costs.training_price or None, "to train"), (result.costs.thousand_price, "per 1,000 outputs")]
    known = [f"{numbers.money(price, result.costs.currency)} {what}" for price, what in amounts if price is not None]
    return f" It costs {' and '.join(known)}." if known else ""


def _standings(recommendation: Recommendation) -> str:
    groups = [(text, [c.name for c in recommendation.candidates if c.standing == standing]) for standing, text in _STANDINGS.items()]
    return " ".join(f"{text}: {list_strategies(names)}." for text, names in groups if names)


def _full_tuning_share(share: FullTuningShare) -> str:
    kept = share.kept
    cost = f" at {numbers.share(share.cost)} of its cost" if share.cost is not None else ""
    name = starts_sentence(strategy_in_sentence(share.label), share.label)
    ci = f"95% CI {numbers.share_interval(kept.low, kept.high)}{'' if kept.reliable else ', low confidence'}"
    return f"{name} delivers {numbers.share(kept.value)} of full fine-tuning’s improvement ({ci}){cost}."
