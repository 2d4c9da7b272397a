"""The decision in sentences: one headline, why, on which conditions, how certain, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.decision import Decision, DecisionReason, DecisionState
from harness.reporting.views import TaskOutcome
from harness.reporting.wording import numbers, replacement_sentences
from harness.reporting.wording.decision import recommendation_sentences as comparing
from harness.reporting.wording.decision.condition_sentences import (
    condition_clause,
    describe_exclusions,
    find_finding,
    find_guardrail,
    reason_of_decision,
)
from harness.reporting.wording.decision.next_step_sentences import StepText, describe_step
from harness.reporting.wording.decision.sanity_sentences import finding_clause
from harness.reporting.wording.decision.totals_sentences import count_not_shown, describe_totals
from harness.reporting.wording.gate import format_limit, limit_title
from harness.reporting.wording.names import list_strategies_first, score_in_sentence, score_name, starts_sentence, strategy_in_sentence
from harness.reporting.wording.run_sentences import describe_status
from harness.text import one_line, short

STATE_NAMES: Mapping[DecisionState, str] = {
    "ship": "Ship",
    "ship_with_conditions": "Ship with conditions",
    "undecided": "Undecided",
    "do_not_ship": "Do not ship",
}
CONDITIONS = "Before it ships"
NEXT_STEPS = "Next steps"
RECIPE_NOTE = "The decision is about a recipe, the mean over its training runs; the release gate judges one trained model."
_KEEP: Mapping[DecisionState, str] = {"ship": "Keep the untuned model", "ship_with_conditions": "Keep the untuned model, with conditions"}


@dataclass(frozen=True)
class DecisionText:
    """A decision in sentences.

    Attributes:
        state: "Ship", "Undecided", …
        why: the most important first.
        conditions: what has to be settled before it ships.
        confidence: how far the comparison can be trusted, or what to choose without a decision; may be empty.
    """

    state: str
    headline: str
    why: tuple[str, ...]
    conditions: tuple[str, ...]
    confidence: str
    steps: tuple[StepText, ...]


def describe_decision(task: TaskOutcome) -> DecisionText:
    """The decision on one task."""
    decision = task.decision
    return DecisionText(
        state=describe_state(decision),
        headline=_HEADLINES[decision.headline](task),
        why=tuple(_why(task)),
        conditions=tuple(reason_of_decision(reason, task) for reason in decision.conditions),
        confidence=_confidence(task),
        steps=tuple(describe_step(step, task.run, task.command) for step in decision.next_steps),
    )


def describe_state(decision: Decision) -> str:
    """The state in a few words."""
    names = _KEEP if decision.headline == "keep_base" else STATE_NAMES
    return names[decision.state]


def _ship(task: TaskOutcome) -> str:
    decision, label = task.decision, task.decision.strategy or ""
    compared = decision.recommendation
    assert compared is not None  # there is a choice
    name = strategy_in_sentence(label)
    candidate = compared.candidate(label)
    if any(reason.code == "shown_best" for reason in decision.reasons):
        text = f"{name} is clearly the {_best_of(len(task.scored))} strategies tested"
    elif len(compared.candidates) == 1:
        text = f"{name} is the only one of the {_count_word(len(task.scored))} strategies tested that is not ruled out"
    elif sum(each.standing == "within" for each in compared.candidates) > 1:
        superlative = "cheapest" if candidate.cost is not None and not _names_cheaper(decision) else "best"
        text = f"{name} is the {superlative} strategy that is good enough"
    else:
        text = f"{name} is the {_field(task)}"
    return starts_sentence(f"{text}{_but(task)}.", label)


def _keep_base(task: TaskOutcome) -> str:
    compared = task.decision.recommendation
    assert compared is not None  # there is a choice
    if len(compared.candidates) == 1:
        return f"Every other strategy is ruled out{_but(task)}."
    left = " that is not ruled out" if _list_excluded(task) else ""
    return f"The untuned model is good enough: no other strategy{left} is better by more than the accepted margin{_but(task)}."


def _but(task: TaskOutcome) -> str:
    """The first condition."""
    conditions = task.decision.conditions
    return f", but {condition_clause(conditions[0], task)}" if conditions else ""


def _list_excluded(task: TaskOutcome) -> list[str]:
    """The strategies that have a score and are ruled out."""
    return [each.strategy for each in task.decision.standings if each.status == "excluded"]


def _excluded_better(task: TaskOutcome, leader: str) -> bool:
    """Whether a strategy that is ruled out scored better than the leader; the best scores come first."""
    labels = [result.label for result in task.scored]
    return not set(labels[: labels.index(leader)]).isdisjoint(_list_excluded(task))


def _field(task: TaskOutcome) -> str:
    """What the choice is among the admissible strategies: "best of the five strategies tested"."""
    excluded = len(_list_excluded(task))
    left = len(task.scored) - excluded
    if excluded and left > 1:
        return f"{_best_of(left)} strategies that are not ruled out"
    return f"{_best_of(len(task.scored))} strategies tested"


def _best_of(count: int) -> str:
    """ "better of the two", "best of the three"."""
    return f"{'better' if count == 2 else 'best'} of the {_count_word(count)}"


def _names_cheaper(decision: Decision) -> bool:
    return any(reason.code == "cheaper_unsafe" for reason in decision.reasons)


def _best_of_tested(task: TaskOutcome) -> str:
    label = task.decision.leader or ""
    start = f"{strategy_in_sentence(label)} is the {_best_of(len(task.scored))} strategies tested, but"
    rate = next((r for r in _critical_notes(task.decision) if r.texts["score"] == ("critical_error_rate",)), None)
    if rate is None or not rate.numbers["value"]:
        return starts_sentence(f"{start} the task sets no limit for critical errors.", label)
    share = numbers.share(rate.numbers["value"])
    return starts_sentence(f"{start} {share} of its outputs have a critical error, and the task sets no limit.", label)


def _critical_notes(decision: Decision) -> list[DecisionReason]:
    return [reason for reason in decision.reasons if reason.code == "critical_errors"]


def _too_close(task: TaskOutcome) -> str:
    compared = task.decision.recommendation
    assert compared is not None  # nothing was chosen among them
    open_ = [each.name for each in compared.candidates if each.standing == "undecided"]
    names = list_strategies_first(open_, 3) if len(open_) > 1 else "The strategies"
    return f"{names} are too close to call on {numbers.plural(compared.n, 'test example')}."


def _one_strategy(task: TaskOutcome) -> str:
    return f"Only {strategy_in_sentence(task.scored[0].label)} has a score, so there is nothing to compare it with."


def _no_scores(task: TaskOutcome) -> str:
    return f"No strategy has a score on {task.name}." if task.strategies else f"No strategy was run on {task.name}."


def _not_comparable(task: TaskOutcome) -> str:
    return f"The strategies cannot be compared on {score_in_sentence(task.primary.name)}."


def _totals_only(task: TaskOutcome) -> str:
    left = count_not_shown(task)
    open_ = "" if left is None else f": {left[0]} of the {left[1]} others are not shown to differ from the best"
    return f"Only totals were imported, so no choice can be made between the strategies{open_}."


def _unfit(task: TaskOutcome) -> str:
    reason = next(reason for reason in task.decision.reasons if reason.code == "task_unfit")
    return f"The test set cannot support a decision: {finding_clause(find_finding(reason, task.decision))}."


def _none_usable(task: TaskOutcome) -> str:
    decision, scored = task.decision, task.scored
    blocks = [reason for reason in decision.reasons if reason.strategy == scored[0].label and reason.severity == "blocks"]
    name = strategy_in_sentence(scored[0].label)
    if len(scored) == 1:
        return starts_sentence(f"{name} is not usable: {condition_clause(blocks[0], task)}.", scored[0].label)
    result = find_guardrail(blocks[0], decision) if blocks[0].code == "guardrail_broken" else None
    if result is not None and result.rule.score == "critical_error_rate" and result.rule.rule == "ceiling" and not result.rule.slice:
        limit = format_limit(result.rule.threshold or 0.0, "fraction")
        wrong = f"{numbers.share(result.estimate)} of the outputs of the best, {name}, have a critical error"
        return f"None of these strategies is usable: {wrong} (the limit is {limit})."
    return f"None of these strategies is usable: even the best, {name}, {_failure(blocks[0], task)}."


def _trivial_not_beaten(task: TaskOutcome) -> str:
    start = "The strategy is" if len(task.scored) == 1 else "No strategy is"
    shown = f"{start} {'not ' if len(task.scored) == 1 else ''}shown to be better than the trivial baseline"
    return f"{shown} on {numbers.plural(task.test_size, 'test example')}."


def _failure(reason: DecisionReason, task: TaskOutcome) -> str:
    """What is wrong with a strategy, after its name."""
    if reason.code == "guardrail_broken":
        result = find_guardrail(reason, task.decision)
        assert result is not None  # it was broken
        measured = numbers.share(result.estimate) if result.unit == "fraction" else numbers.score(result.estimate, result.unit)
        return f"breaks the limit “{limit_title(result.rule, result.unit)}” (measured: {measured})"
    return condition_clause(reason, task).removeprefix("it ")


_HEADLINES = {
    "ship": _ship,
    "keep_base": _keep_base,
    "best_of_tested": _best_of_tested,
    "too_close": _too_close,
    "one_strategy": _one_strategy,
    "totals_only": _totals_only,
    "not_comparable": _not_comparable,
    "no_scores": _no_scores,
    "test_set_unfit": _unfit,
    "trivial_not_beaten": _trivial_not_beaten,
    "none_usable": _none_usable,
}


def _why(task: TaskOutcome) -> list[str]:
    """Why this is the decision: the comparison, safety, what the gate and raters found, and what is ruled out."""
    decision, sentences = task.decision, []
    compared, about = decision.recommendation, decision.strategy or decision.leader
    results = {result.label: result for result in task.strategies}
    if compared is not None and compared.choice is not None and decision.headline != "test_set_unfit":
        is_best = any(reason.code == "shown_best" for reason in decision.reasons)
        others = len(task.scored) - 1 if is_best else 0
        choice = comparing.describe_choice(compared, task.primary, beaten=others, some_excluded=bool(_list_excluded(task)))
        sentences.append(choice + comparing.describe_costs(results[compared.choice]))
    elif compared is not None and decision.headline == "too_close":
        sentences.append(comparing.describe_undecided(compared, task.primary))
    if decision.headline == "totals_only":
        sentences += describe_totals(task)
    if decision.headline == "no_scores" and task.strategies:
        outcomes = "; ".join(f"{strategy_in_sentence(each.label)}: {describe_status(each)}" for each in task.strategies)
        sentences.append(starts_sentence(f"{outcomes}.", task.strategies[0].label))
    notes = [reason for reason in decision.reasons if reason.severity == "notes" and reason.code in _NOTES]
    sentences += [_NOTES[reason.code](reason, task) for reason in notes if reason.code != "gate_disagrees"]
    sentences += [RECIPE_NOTE] if task.verdicts else []
    sentences += describe_exclusions([r for r in decision.reasons if r.severity == "blocks" and r.code != "no_limit"], task)
    sentences += [_gate_disagrees(reason, task) for reason in notes if reason.code == "gate_disagrees"]
    is_open = any(reason.code in ("one_seed", "seeds_could_change") for reason in decision.conditions)
    if decision.seeds is not None and about is not None and not is_open:
        sentences.append(comparing.describe_seed_risk(decision.seeds, about, task.task.margin, task.primary))
    if compared is not None and len(compared.candidates) > 1 and decision.headline != "test_set_unfit":
        sentences.append(comparing.describe_standings(compared, _list_excluded(task)))
    return sentences


def _critical_sentence(reason: DecisionReason, task: TaskOutcome) -> str:
    values, score = reason.numbers, reason.texts["score"][0]
    unit = task.unit_of(score)
    is_share = unit == "fraction"
    write = numbers.share if is_share else lambda value: numbers.score(value, unit)
    low, high = values.get("low"), values.get("high")
    ends = numbers.share_interval(low, high) if is_share else numbers.interval(low, high, unit)
    base = f", {write(values['base'])} with the untuned model" if "base" in values else ""
    note = f" (95% CI {ends})" if ends else ""
    return f"{score_name(score)}: {write(values['value'])} with {strategy_in_sentence(reason.strategy)}{note}{base}."


def _raters_sentence(reason: DecisionReason, task: TaskOutcome) -> str:
    values = reason.numbers
    ends = numbers.share_interval(values.get("low"), values.get("high"))
    outputs = numbers.plural(round(values["n"]), "output")
    note = f" (95% CI {ends})" if ends else ""
    return (
        f"Raters found critical errors in {numbers.share(values['value'])} of {outputs} of {strategy_in_sentence(reason.strategy)}{note}."
    )


def _gate_passed(reason: DecisionReason, task: TaskOutcome) -> str:
    total = round(reason.numbers["rules"])
    rules = "the only release rule" if total == 1 else f"all {total} release rules"
    return starts_sentence(f"{strategy_in_sentence(reason.strategy)} passed the release gate: {rules}.", reason.strategy)


def _gate_disagrees(reason: DecisionReason, task: TaskOutcome) -> str:
    """That a strategy which is ruled out passed a gate: what the gate was asked is not all that counts."""
    name = strategy_in_sentence(reason.strategy)
    policy = short(one_line(reason.texts["policy"][0]), 60)
    passed = f"{name} passed the release gate under policy “{policy}”, which does not ask for everything that this decision rests on"
    return starts_sentence(f"{passed}: it stays ruled out.", reason.strategy)


def _gate_foreign(reason: DecisionReason, task: TaskOutcome) -> str:
    count = round(reason.numbers["verdicts"])
    are, do = ("is about a model", "does") if count == 1 else ("are about models", "do")
    return f"{numbers.plural(count, 'stored verdict')} of the release gate {are} of another run, and {do} not count."


def _cheaper_undecided(reason: DecisionReason, task: TaskOutcome) -> str:
    compared = task.decision.recommendation
    assert compared is not None  # they were compared
    return comparing.describe_cheaper([compared.candidate(name) for name in reason.texts["strategies"]])


def _cheaper_unsafe(reason: DecisionReason, task: TaskOutcome) -> str:
    names: Sequence[str] = reason.texts["strategies"]
    cost, be, keep = ("costs", "is", "keep") if len(names) == 1 else ("cost", "are", "keep")
    return f"{list_strategies_first(names)} {cost} less and {be} as good, but not shown to {keep} every limit."


def _replacement(reason: DecisionReason, task: TaskOutcome) -> str:
    is_cascade = any(result.label == reason.strategy and result.method == "cascade" for result in task.strategies)
    return replacement_sentences.describe_replacement(reason, task.primary.name, is_cascade=is_cascade)


_NOTES = {
    "critical_errors": _critical_sentence,
    "raters_critical": _raters_sentence,
    "gate_passed": _gate_passed,
    "gate_disagrees": _gate_disagrees,
    "gate_foreign": _gate_foreign,
    "cheaper_undecided": _cheaper_undecided,
    "cheaper_unsafe": _cheaper_unsafe,
    "replacement": _replacement,
    "sanity_note": reason_of_decision,
    "asked_once": reason_of_decision,
    "training_data_stated": reason_of_decision,
    "price_unknown": reason_of_decision,
}


def _confidence(task: TaskOutcome) -> str:
    """How far the comparison can be trusted; without a choice, what to take if it has to be decided today."""
    decision, compared = task.decision, task.decision.recommendation
    if compared is None:
        return ""
    if compared.choice is not None and decision.headline != "test_set_unfit":
        return comparing.describe_confidence(compared, decision.seeds)
    if decision.headline == "too_close" and decision.leader is not None:
        leader = next(result for result in task.strategies if result.label == decision.leader)
        return comparing.describe_leader(compared, leader, task.primary, excluded_better=_excluded_better(task, leader.label))
    return ""


def _count_word(count: int) -> str:
    words = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[count] if count < len(words) else str(count)
