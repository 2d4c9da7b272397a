"""Sentences about a review: the same in the terminal and in the report."""

from __future__ import annotations

from harness.reporting.wording import numbers
from harness.reporting.wording.headings import CONFIDENCE_INTERVAL
from harness.reporting.wording.names import list_names, score_name, strategy_in_sentence, strategy_name
from harness.reporting.wording.review import rater_sentences
from harness.reporting.wording.review.combined_wording import name_scores
from harness.review import Findings
from harness.review.findings import MIN_INPUTS, Agreement, Combined, ErrorRate, Preference, ScaleScore, StrategyRanking
from harness.types import Score

SECTION = "Human review"
DETAILS = "Inter-rater agreement, raters, and agreement with automatic scores"


def headline(findings: Findings) -> str:
    """The result in a sentence, or a few."""
    if not findings.rated_items:
        return f"Packet {findings.packet} has no ratings yet."
    if findings.ranking is not None:
        return _describe_ranking(findings.ranking)
    if findings.preferences:
        decided = [_describe_preference(preference) for preference in findings.preferences if preference.is_decided]
        return " ".join(decided) or _describe_preference(max(findings.preferences, key=_distance_from_half))
    if findings.error_rates:
        return " ".join(map(_describe_error_rate, findings.error_rates))
    return " ".join(_describe_scale(score) for score in findings.scale_scores if score.mean.value is not None)


def progress(findings: Findings) -> str:
    """How much of the packet is rated."""
    examples = f"{numbers.count(findings.rated_examples)} of {numbers.plural(findings.sampled_examples, 'example')} rated"
    return f"{examples}, {numbers.count(findings.rated_items)} of {numbers.plural(findings.items, 'item')}"


def procedure(findings: Findings) -> str:
    """How the packet was rated, and how much of it."""
    sides = " Each strategy appeared equally often on the left and on the right." if findings.mode == "pairwise" else ""
    return f"Packet {findings.packet} ({findings.mode}): {progress(findings)}. Raters did not see which strategy wrote an output.{sides}"


def caveats(findings: Findings) -> list[str]:
    """What limits the conclusions."""
    sentences = []
    if not findings.representative:
        sentences.append("The examples were chosen because they are hard. The rates describe these examples, not the other test examples.")
    elif findings.sampling != "random":
        sentences.append(
            f"Examples were sampled with unequal probabilities ({findings.sampling}). "
            "Each is weighted by the inverse of its probability, so the rates estimate those of all test examples."
        )
    if findings.representative and findings.rated_items and findings.rated_examples < findings.population:
        sample = f"{findings.rated_examples:,} of {findings.population:,}"
        sentences.append(f"Intervals reflect which test examples were rated ({sample}), not who rated them.")
    if 0 < findings.rated_items < findings.items:
        missing = findings.items - findings.rated_items
        sentences.append(f"{missing:,} of {numbers.plural(findings.items, 'item')} {'is' if missing == 1 else 'are'} not rated yet.")
    sentences += rater_sentences.describe_disagreements(findings)
    for question, levels in findings.agreement.items():
        sentences += _describe_agreement(question, levels.get("ordinal"))
    return sentences


def about_raters(findings: Findings) -> list[str]:
    """What single raters did: who was excluded, missed known answers, changed over the items, or favoured a side."""
    sentences = []
    if findings.with_all_raters is not None:
        sentences.append(rater_sentences.describe_exclusions(findings, headline(findings.with_all_raters)))
    sentences += rater_sentences.describe_careless_raters(findings)
    sentences += rater_sentences.describe_order_effects(findings)
    if findings.biased_raters:
        sentences.append(
            f"{', '.join(findings.biased_raters)} chose one side more often than chance explains. "
            "Sides are balanced, so this costs precision but favours no strategy."
        )
    return sentences


def agreeing_scores(findings: Findings) -> str:
    """Which automatic scores the review shows to agree with its raters; empty where none was compared."""
    if not findings.metric_agreement:
        return ""
    names = [f"{score_name(m.metric)}" for m in findings.metric_agreement if m.agrees]
    if names:
        return f"Automatic scores that agree with these raters: {', '.join(names)}."
    inputs = max(m.inputs for m in findings.metric_agreement)
    more = f" At least {MIN_INPUTS} rated inputs are needed; there are {inputs}." if inputs < MIN_INPUTS else ""
    return f"No automatic score is shown to agree with these raters, so none counts as evidence that texts are true.{more}"


def contents(findings: Findings) -> str:
    """How many corrections and comments there are, and how many answers were replaced."""
    sentence = f"{numbers.plural(findings.corrections, 'correction')}, {numbers.plural(findings.comments, 'comment')}."
    if not findings.replaced_ratings:
        return sentence
    return f"{sentence} {numbers.plural(findings.replaced_ratings, 'answer')} replaced by a later one."


def retired(count: int) -> str:
    """That test examples have become training examples."""
    examples = f"{numbers.plural(count, 'test example')} of this task {'was' if count == 1 else 'were'}"
    return f"{examples} harvested for training after this run. Do not test a model on them if it was trained on them."


def name_pair(preference: Preference) -> str:
    """The two strategies of a pair: "LoRA vs. the untuned model"."""
    return f"{strategy_name(preference.strategy)} vs. {strategy_in_sentence(preference.against)}"


def _describe_ranking(ranking: StrategyRanking) -> str:
    """Who is expected to win most often, and against whom that is shown."""
    best = ranking.strategies[0]
    rate = best.win_rate
    note = f"{CONFIDENCE_INTERVAL} {numbers.share_interval(rate.low, rate.high)}{_describe_confidence(rate)}; ties count as half"
    opening = (
        f"Of {numbers.count(len(ranking.strategies))} strategies, raters rank {strategy_in_sentence(best.strategy)} first: it is expected "
        f"to win {numbers.share(rate.value)} of comparisons with the others ({note})."
    )
    own = [pair for pair in ranking.pairs if pair.strategy == best.strategy]
    shown = [strategy_in_sentence(pair.against) for pair in own if pair.is_decided]
    unclear = [strategy_in_sentence(pair.against) for pair in own if not pair.is_decided]
    if not unclear:
        return f"{opening} It is shown to be preferred to each of them, all pairs taken together."
    if not shown:
        return f"{opening} It is not shown to be preferred to any of them: too close to call."
    return f"{opening} It is shown to be preferred to {list_names(shown)}; against {list_names(unclear)} it is too close to call."


def _describe_preference(preference: Preference) -> str:
    rate = preference.best_estimate
    if rate.value is None:
        return f"{name_pair(preference)}: not rated yet."
    winner, loser, value, low, high = preference.strategy, preference.against, rate.value, rate.low, rate.high
    if value < 0.5:
        winner, loser, value = loser, winner, 1 - value
        low, high = (None if end is None else 1 - end for end in (rate.high, rate.low))
    interval = numbers.share_interval(low, high)
    note = f"{CONFIDENCE_INTERVAL} {interval}{_describe_confidence(rate)}; ties count as half" if interval else "ties count as half"
    verdict = "" if preference.is_decided else ": too close to call"
    pair = f"{strategy_in_sentence(winner)} to {strategy_in_sentence(loser)}"
    if preference.combined is not None and preference.combined.estimate is not None:
        note += _describe_help(preference.combined)
        return f"Raters prefer {pair} in an estimated {numbers.share(value)} of examples ({note}){verdict}."
    return f"Raters preferred {pair} in {numbers.share(value)} of {numbers.plural(rate.n, 'example')} ({note}){verdict}."


def _describe_help(combined: Combined) -> str:
    """What else than ratings an estimate rests on; empty if nothing."""
    if combined.estimate is None:
        return ""
    return f"; from {numbers.plural(combined.estimate.n, 'rated example')} and {name_scores(combined)} on all {combined.examples:,}"


def _distance_from_half(preference: Preference) -> float:
    return 0.0 if preference.best_estimate.value is None else abs(preference.best_estimate.value - 0.5)


def _describe_error_rate(rate: ErrorRate) -> str:
    if rate.critical.value is None:
        return f"{strategy_name(rate.strategy)}: not rated yet."
    interval = numbers.share_interval(rate.critical.low, rate.critical.high)
    note = f" ({CONFIDENCE_INTERVAL} {interval}{_describe_confidence(rate.critical)})" if interval else ""
    outputs = f"{numbers.share(rate.critical.value)} of {numbers.plural(rate.critical.n, 'output')}"
    return f"{strategy_name(rate.strategy)}: critical errors in {outputs}{note}."


def _describe_scale(score: ScaleScore) -> str:
    mean, used = score.best_estimate, _describe_help(score.combined) if score.combined is not None else ""
    has_interval = mean.low is not None and mean.high is not None
    note = f" ({CONFIDENCE_INTERVAL} {mean.low:.2f}–{mean.high:.2f}{_describe_confidence(mean)}{used})" if has_interval else ""
    return f"{strategy_name(score.strategy)}: mean rating {mean.value:.2f} of {len(score.answers)} on “{score.scale}”{note}."


def _describe_confidence(score: Score) -> str:
    return "" if score.reliable else ", low confidence"


def _describe_agreement(question: str, agreement: Agreement | None) -> list[str]:
    if agreement is None or agreement.strength is None:
        return []
    conclusion = {
        "high": "",
        "moderate": " Draw only tentative conclusions.",
        "low": " Below 0.67, conclusions are doubtful.",
    }[agreement.strength]
    alpha = f"{agreement.alpha:.2f}".replace("-", "−")
    return [f"Inter-rater agreement on “{question}” is {agreement.strength} (Krippendorff’s α = {alpha}).{conclusion}"]


def describe_withheld_corrections(count: int) -> str:
    """Why corrections were left out of a harvest."""
    return (
        f"Left out: {numbers.plural(count, 'correction')} of a packet that was exported with --anonymize. They contain invented names and "
        "dates, and would teach a model to invent some."
    )
