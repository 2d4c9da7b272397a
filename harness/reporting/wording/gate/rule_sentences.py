"""A rule of the gate in words: what it requires, what was measured, and why it has its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.gate import MEASURES, JudgedRule, Reason, ReasonCode, RuleVerdict
from harness.reporting.wording import numbers
from harness.reporting.wording.gate.guardrail_tables import format_amount, format_limit
from harness.reporting.wording.names import has_plain_name, quote_label, score_in_sentence, score_name, strategy_in_sentence
from harness.reporting.wording.sample_sizes import ASSUMPTIONS
from harness.results import LEAK_METRICS
from harness.text import plural

_OTHER_MODELS = "The leak test is about the recipe: it trained other models, with planted secrets, and not this one."

_MOST_IDS = 5

NEED_EXAMPLES: frozenset[ReasonCode] = frozenset(("undecided", "unreliable", "no_limits", "too_few", "slices_too_small"))


def rule_title(verdict: RuleVerdict) -> str:
    """The requirement in a few words: "Match with the reference at least 0.2 for ward = south"."""
    return title_of_rule(verdict.rule, verdict.unit, is_percent=_is_percent(verdict))


def full_rule_title(verdict: RuleVerdict) -> str:
    """The requirement with the raw name of its score, where there is no small type: "Critical errors at most 5% [critical_error_rate]"."""
    raw = raw_score_name(verdict.rule)
    return f"{rule_title(verdict)} [{raw}]" if raw else rule_title(verdict)


def raw_score_name(rule: JudgedRule) -> str:
    """The name of the score in policies and JSON; empty where the title has it already."""
    return rule.score if rule.score and has_plain_name(rule.score) else ""


def title_of_rule(rule: JudgedRule, unit: str = "", *, is_percent: bool = False) -> str:
    """The requirement in a few words.

    Args:
        unit: of the score; empty for measures.
        is_percent: whether numbers are shares, written in percent.
    """
    threshold = rule.threshold or 0.0
    amount = _measure(rule.score, threshold) if rule.score in MEASURES else format_limit(threshold, "fraction" if is_percent else "")
    difference = format_limit(threshold, "fraction", is_difference=True) if is_percent else amount
    loss = f"{100 * threshold:g}% of its score" if rule.relative else difference
    titles = {
        "floor": f"{_subject(rule)} at least {amount}",
        "ceiling": f"{_subject(rule)} at most {amount}",
        "not_worse": f"{_subject(rule)} not worse than {_opposite(rule)} by more than {loss}",
        "better": f"{_subject(rule)} better than the baseline by more than {difference}",
        "no_leakage": "No training on test examples",
        "looks": f"At most {count_noun(rule.threshold, 'evaluation')} of this test set",
        "beats_trivial": f"{_subject(rule)} better than the trivial baseline",
        "complaints": f"At most {count_noun(rule.threshold, 'complaint')} of users still wrong",
        "two_classes": "At least two classes in the test set",
        "min_examples": f"At least {count_noun(rule.threshold, 'test example')}",
        "min_seeds": f"At least {count_noun(rule.threshold, 'training seed')}",
    }
    raters = ", rated by people" if rule.score.startswith("review.") else ""
    mark = " (advisory)" if rule.tier == "advisory" else " (guardrail)" if rule.source == "guardrail" else ""
    return titles[rule.kind] + _slice(rule) + raters + mark


def _is_percent(verdict: RuleVerdict) -> bool:
    """Whether numbers are shares in percent: rates of errors, and guardrails, as in their table. Scores are between 0 and 1."""
    rule = verdict.rule
    is_rate = rule.source == "guardrail" or rule.kind == "ceiling" or verdict.lower_is_better
    return rule.score.startswith("review.") or (verdict.unit == "fraction" and is_rate and not rule.relative)


def _subject(rule: JudgedRule) -> str:
    if rule.score == "review.win_rate":
        return f"Wins against {strategy_in_sentence(rule.against)}"
    return score_name(rule.score)


def _measure(name: str, value: float) -> str:
    """The number of a limit on a measure, with its unit."""
    if name.endswith("_seconds"):
        return f"{value:g} s"
    if name in ("peak_memory", "artifact_bytes"):
        return numbers.size(round(value))
    return f"{value:g}"


def _opposite(rule: JudgedRule) -> str:
    """What a difference is to: the baseline, or the strategy of the same run that a guardrail names."""
    return strategy_in_sentence(rule.against) if rule.source == "guardrail" and rule.against else "the baseline"


def _slice(rule: JudgedRule) -> str:
    if not rule.slice_column:
        return ""
    return f" for {rule.slice_column} = {rule.slice_value}" if rule.slice_value else f" for every {rule.slice_column}"


def count_noun(value: float | None, noun: str) -> str:
    """A number with its noun: "1,000 test examples"."""
    return plural(round(value or 0), noun)


def reason_sentence(verdict: RuleVerdict) -> str:
    """Why a rule has its outcome, and what would decide it."""
    sentence = _SENTENCES[verdict.reason.code](verdict)
    is_leak_test = verdict.rule.score in LEAK_METRICS and verdict.measured is not None
    return f"{sentence} {_OTHER_MODELS}" if is_leak_test else sentence


def describe_result(verdict: RuleVerdict) -> str:
    """What was measured, and why the rule has its outcome."""
    measured, reason = measured_value(verdict), reason_sentence(verdict)
    return reason if measured == numbers.NOTHING else f"Measured: {measured}. {reason}"


def _undecided(verdict: RuleVerdict) -> str:
    if verdict.rule.score in LEAK_METRICS:
        return "Too few planted secrets to decide."
    if verdict.examples_needed is None:
        return "Too close to call on these test examples."
    needed = numbers.about(verdict.examples_needed)
    return f"Not enough test examples to decide; about {needed} would be enough, {ASSUMPTIONS[verdict.assumed]}."


def _refuted_alone(verdict: RuleVerdict) -> str:
    rules = numbers.count(verdict.reason.numbers["rules"])
    return f"Its limits speak against it, but not clearly enough: with {rules} rules, one may fail by chance (Holm's correction)."


def _no_limits(verdict: RuleVerdict) -> str:
    return f"No confidence limits can be computed: {_text(verdict.reason, 'why')}."


def _unreliable(verdict: RuleVerdict) -> str:
    if verdict.rule.score in LEAK_METRICS:
        return f"Too few planted secrets for a reliable decision: {_text(verdict.reason, 'why')}."
    return f"Not enough test examples for a reliable decision: {_text(verdict.reason, 'why')}."


def _no_baseline(verdict: RuleVerdict) -> str:
    ways = "name a baseline with --baseline RUN:STRATEGY, or promote a first model with --force"
    return f"There is no model in service to compare with: {ways}."


def _one_seed(verdict: RuleVerdict) -> str:
    return "The policy counts the spread of training seeds, but the candidate has only one seed."


def _seed_spread_unknown(verdict: RuleVerdict) -> str:
    score = score_in_sentence(verdict.rule.score)
    return f"The policy counts the spread of training seeds, which is not estimated for {score}: it is computed over all examples."


def _slice_missing(verdict: RuleVerdict) -> str:
    available = list_first(verdict.reason.texts["available"])
    return f"No test example has {verdict.rule.slice_column} = {verdict.rule.slice_value}. Available: {available}."


def _slices_too_small(verdict: RuleVerdict) -> str:
    sizes = verdict.reason.numbers
    column, minimum = verdict.rule.slice_column, count_noun(sizes["minimum"], "test example")
    return f"No {column} has {minimum}; the largest has {numbers.count(sizes['largest'])}."


def _measured(verdict: RuleVerdict) -> str:
    return f"Compared as measured: {MEASURES[verdict.rule.score]}."


def _currencies_differ(verdict: RuleVerdict) -> str:
    return f"Costs in {' and '.join(verdict.reason.texts['currencies'])} cannot be compared."


def _beyond_limit(verdict: RuleVerdict) -> str:
    if verdict.rule.score in LEAK_METRICS:
        return "Measured beyond the limit, so the report counts it as broken; but the planted secrets are too few to show that it is."
    return "Measured beyond the limit, so the report counts it as broken; but the test set does not show that it is."


def _untrusted(verdict: RuleVerdict) -> str:
    ask = "Have people review outputs: `bench review export`."
    return f"This automatic score has not been shown to agree with people, so it cannot show this. {ask}"


def _no_evidence(verdict: RuleVerdict) -> str:
    return f"Not measured: {_text(verdict.reason, 'why')}."


def _review_missing(verdict: RuleVerdict) -> str:
    strategies = verdict.reason.texts["strategies"]
    kind = f"pairwise review of {' and '.join(strategies)}" if len(strategies) > 1 else f"error review of {strategies[0]}"
    return f"There is no {kind}. Create one with `bench review export`."


def _leak_test_missing(verdict: RuleVerdict) -> str:
    return (
        f"There is no leak test of {strategy_in_sentence(verdict.reason.texts['strategies'][0])}. Add one with `bench run … --canaries 8`."
    )


def _present(verdict: RuleVerdict) -> str:
    noun = "training seed" if verdict.rule.kind == "min_seeds" else "test example"
    present = f"{count_noun(verdict.reason.numbers['present'], noun)}"
    return f"{present}." if verdict.reason.code == "enough" else f"{present}; the policy requires {numbers.count(verdict.rule.threshold)}."


def _look_exceeded(verdict: RuleVerdict) -> str:
    look = f"This is evaluation {numbers.count(verdict.reason.numbers['look'])} of this test set"
    planned = f"the policy plans {numbers.count(verdict.rule.threshold)}"
    return f"{look}, and {planned}. Use a new test set, or plan more evaluations from the start."


def _alpha_exceeded(verdict: RuleVerdict) -> str:
    spent, alpha = (verdict.reason.numbers[name] for name in ("spent", "alpha"))
    return f"Planned evaluations have used α = {spent:g} on this test set, and the policy allows {alpha:g}. Use a new test set."


def _trained_on(verdict: RuleVerdict) -> str:
    count, (side, *_) = round(verdict.reason.numbers["count"]), verdict.reason.texts["sides"]
    ids = f" ({', '.join(verdict.example_ids)}{', …' if count > len(verdict.example_ids) else ''})" if verdict.example_ids else ""
    return f"{plural(count, 'test example')}{ids} {'is' if count == 1 else 'are'} among the training examples of the {side}."


def _not_trained_on(verdict: RuleVerdict) -> str:
    unknown = verdict.reason.texts["unknown_sides"]
    exception = f" This is unknown for the {unknown[0]}, which was not trained here." if unknown else ""
    return f"No test example is among the training examples.{exception}"


def _training_inputs_unknown(verdict: RuleVerdict) -> str:
    sides = " and ".join(verdict.reason.texts["sides"])
    return f"The run of the {sides} was packed without the key that recognizes its training inputs. Use the run itself."


def _single_class(verdict: RuleVerdict) -> str:
    label = quote_label(verdict.reason.texts["label"][0])
    return f"Every test example has the label {label}, so a model that always gives this answer looks perfect."


def _complaints(verdict: RuleVerdict) -> str:
    counts = {name: round(value) for name, value in verdict.reason.numbers.items()}
    if not counts["cases"]:
        return "No complaint is confirmed."
    parts = [f"{counts['fixed']:,} of {plural(counts['cases'], 'confirmed complaint')} fixed"]
    broken, unclear = verdict.example_ids[: counts["broken"]], verdict.example_ids[counts["broken"] :]
    for count, what, ids in ((counts["broken"], "still wrong", broken), (counts["unclear"], "must be looked at by a person", unclear)):
        if count:
            parts.append(f"{count:,} {what}{f' ({list_first(ids, _MOST_IDS)})' if ids else ''}")
    unanswered = counts.get("unanswered", 0)  # which verdicts of older versions lack
    why = " could not be answered again: the inputs are not known, or the outputs are external."
    note = f" {unanswered:,} of them{why}" if unanswered else ""
    look = " See the outputs: `bench feedback check`." if counts["broken"] or counts["unclear"] else ""
    return f"{', '.join(parts)}.{note}{look}"


_SENTENCES: Mapping[ReasonCode, Callable[[RuleVerdict], str]] = {
    "shown": lambda verdict: "Shown to hold.",
    "refuted": lambda verdict: "Shown not to hold.",
    "refuted_alone": _refuted_alone,
    "undecided": _undecided,
    "unreliable": _unreliable,
    "no_limits": _no_limits,
    "no_baseline": _no_baseline,
    "one_seed": _one_seed,
    "seed_spread_unknown": _seed_spread_unknown,
    "slice_missing": _slice_missing,
    "slices_too_small": _slices_too_small,
    "measured": _measured,
    "not_measured": lambda verdict: f"Not measured: {MEASURES[verdict.rule.score]}.",
    "baseline_not_measured": lambda verdict: f"Not measured for the baseline: {MEASURES[verdict.rule.score]}.",
    "currencies_differ": _currencies_differ,
    "beyond_limit": _beyond_limit,
    "untrusted": _untrusted,
    "no_evidence": _no_evidence,
    "review_missing": _review_missing,
    "leak_test_missing": _leak_test_missing,
    **dict.fromkeys(("complaints_fixed", "complaints_broken", "complaints_unclear", "no_complaints"), _complaints),
    "exposure_censored": lambda verdict: "Some planted secrets are as exposed as can be measured, so the exposure may be higher.",
    "enough": _present,
    "too_few": _present,
    "single_class": _single_class,
    "look_exceeded": _look_exceeded,
    "alpha_exceeded": _alpha_exceeded,
    "trained_on": _trained_on,
    "not_trained_on": _not_trained_on,
    "training_inputs_unknown": _training_inputs_unknown,
}


def measured_value(verdict: RuleVerdict) -> str:
    """What was measured, with its limits. A difference has its own sign, and the direction in words where lower is better."""
    if verdict.measured is None:
        return numbers.NOTHING
    rule = verdict.rule
    if not verdict.unit:
        value = _plain(verdict)
    else:
        unit = verdict.unit if _is_percent(verdict) or verdict.unit != "fraction" else "score"
        value = format_amount(verdict.measured, verdict.low, verdict.high, unit, is_difference=rule.compares)
    if rule.relative:
        share = 1 + (rule.threshold or 0.0) * (1 if verdict.lower_is_better else -1)
        value = f"{value} from {100 * share:g}% of the baseline"
    return f"{value}; lower is better" if verdict.lower_is_better else value


def _plain(verdict: RuleVerdict) -> str:
    """A measure, which has no interval."""
    value = verdict.measured or 0.0
    if verdict.rule.score in ("peak_memory", "artifact_bytes") and not verdict.rule.compares:
        return numbers.size(round(value))
    sign = "+" if verdict.rule.compares and value else ""
    unit = " s" if verdict.rule.score.endswith("_seconds") else ""
    return f"{value:{sign}.4g}{unit}".replace("-", "−")


def _text(reason: Reason, name: str) -> str:
    return ", ".join(reason.texts.get(name, ()))


def list_first(names: Sequence[str], most: int | None = None) -> str:
    """Names with commas; of many only the first, and how many more there are."""
    shown = list(names) if most is None else list(names[:most])
    rest = len(names) - len(shown)
    return f"{', '.join(shown)} and {rest} more" if rest else ", ".join(shown)
