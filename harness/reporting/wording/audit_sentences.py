"""What an audit says: which promises of a report hold on data like these, how often its choice is right, and what was not simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.reporting.views import TRIVIAL, TaskAudit
from harness.reporting.wording import names, numbers
from harness.reporting.wording.text_table import TextTable
from harness.statistics import Audit, AuditCheck, CheckKind, Rate, SkippedCheck, SkipReason

TITLE = "Audit of the report"
PROMISES = "Promises of the report"
DETAILS = "Every check"
CHOICES = "What such a test set can decide"
SKIPPED = "Not checked"
METHOD = "How the simulations are made"
UNSEEN = "What they cannot show"

LEAST_SIMULATIONS = 171  # three standard errors of a rate of 5% are then 5%

_PROMISE: Mapping[CheckKind, str] = {
    "score_interval": "The 95% CI of a score contains the true score",
    "difference_interval": "The 95% CI of a difference contains the true difference",
    "wrong_direction": "A verdict points in the wrong direction",
    "false_difference": "Equally good strategies are called better or worse",
    "wrong_choice": "A strategy that is worse by more than the margin is recommended",
    "hidden_failures": "A strategy that is worse because of rare total failures is recommended",
    "false_guardrail": "A guardrail is called kept although the score is at its limit",
    "false_usable": "A strategy that equals the trivial baseline is called better than it",
    "wrong_pass": "A release rule passes although the score is at its border",
    "wrong_fail": "A release rule fails although the score is at its border",
}
_OUTCOMES = {
    "kept": "Yes",
    "not_kept": "No",
    "low_confidence": "No, but errors are marked as low confidence",
    "unclear": "Too few simulations to tell",
}
_KEPT = (
    "Kept: the rate is as stated, within three standard errors of the simulations. Intervals are built to contain the true value in at "
    "least 93% of samples."
)
_SKIP_REASONS: Mapping[SkipReason, str] = {
    "one_strategy": "there is only one strategy",
    "no_direction": "neither a higher nor a lower score is better",
    "not_additive": "the score depends on all examples together, so such data cannot be built from them",
    "out_of_reach": "the examples of this run are too different from such data",
    "no_scale": "a total failure of single examples is not defined for this score, or costs less than the margin",
}
_SIMULATED = (
    "Each simulation draws a new test set from the examples of this run, with replacement (whole groups where there are groups), and "
    "applies the procedures of the report to it.",
    "For the coverage of intervals and for what the test set can decide, the observed scores are taken as the truth. For errors, the "
    "examples are weighted so that two strategies are equally good, or one is worse by 1.02 times the margin; no score of an example is "
    "changed. Where two strategies are too far apart for this, the worse one takes over the scores of the best on most examples.",
    "For rare total failures, the cheapest other strategy is as good as the best (or, where they are too far apart, a copy of it), but "
    "fails completely on as many examples as cost 1.02 times the margin.",
    "For guardrails, release rules and the trivial baseline, the examples are weighted so that the best strategy is exactly at the border. "
    "A wrong PASS is made at most as often as alpha, for each rule by itself. Rules that compare do so with the untuned model.",
    "A strategy that is worse in the simulations counts as the cheapest. This is the worst case, because the recommendation prefers cheap "
    "strategies.",
)
_NOT_SIMULATED = (
    "Failures that no example of this run shows, test examples that differ from later use, and errors in references or labels.",
    "Other training runs: the trained models are taken as given.",
    "Human ratings, rules and guardrails for parts of the data, rules on cost, and the sanity checks of single outputs.",
    "Release rules, where no policy is named (--policy) and the run has no verdict.",
)


@dataclass(frozen=True)
class AuditSummary:
    """The sentences about one task."""

    setting: str
    headline: str
    choices: str


def describe_task(task: TaskAudit) -> str:
    """Which task, or why there is nothing to simulate."""
    return f"Audit of {task.task}" if task.audit else f"Audit of {task.task}: nothing to simulate, {task.why}."


def summarize_audit(audit: Audit) -> AuditSummary:
    """The sentences about one task."""
    return AuditSummary(describe_setting(audit), describe_result(audit), describe_choices(audit))


def describe_setting(audit: Audit) -> str:
    """What was simulated."""
    groups = f" in {numbers.plural(audit.units, 'group')}" if audit.units < audit.n else ""
    setting = f"{numbers.plural(audit.simulations, 'simulated test set')} of {numbers.plural(audit.n, 'example')}{groups}"
    count = len(audit.strategies)
    setting += f", {'1 strategy' if count == 1 else f'{count:,} strategies'}, score {audit.score}"
    setting += f", margin {numbers.margin(audit.margin)}, seed {audit.seed}."
    if audit.dropped:
        setting += f" Left out: {numbers.plural(audit.dropped, 'example')} without a score of every strategy."
    if audit.simulations < audit.requested:
        setting += f" Interrupted: {audit.requested:,} were requested."
    return setting


def describe_result(audit: Audit) -> str:
    """Whether the promises hold. What it counts are the rows of `build_promise_table`."""
    if not audit.checks:
        return "Nothing could be checked."
    outcomes = [_find_worst(checks).outcome for checks in _group_by_promise(audit).values()]
    broken, flagged, unclear = (outcomes.count(outcome) for outcome in ("not_kept", "low_confidence", "unclear"))
    if broken:
        which = f"{broken:,} of {len(outcomes):,} checks" if len(outcomes) > 1 else "The only check"
        sentence = f"{which} failed: on data like these, the report errs more often than it states."
    elif unclear == len(outcomes):
        return f"Too few simulations to tell whether the report keeps its promises; at least {LEAST_SIMULATIONS} are needed."
    elif flagged:
        which = f"{flagged:,} of {len(outcomes):,} checks" if len(outcomes) > 1 else "The only check"
        sentence = f"{which} failed, but there the report itself marks errors as low confidence."
    else:
        which = f"None of the {len(outcomes):,} checks failed" if len(outcomes) > 1 else "The only check did not fail"
        sentence = f"{which}: on data like these, the report keeps its promises."
    if broken and flagged:
        sentence += f" {flagged:,} more failed, but there the report itself marks errors as low confidence."
    if unclear:
        sentence += f" {unclear:,} could not be decided with so few simulations."
    return sentence


def describe_choices(audit: Audit) -> str:
    """How often a test set like this leads to which recommendation, where the observed scores are the truth."""
    if audit.good_choices is None or audit.best_named is None:
        return ""
    none, times = audit.choices[None].count, audit.good_choices.times
    others = audit.good_choices.count - audit.best_named.count
    wrong = times - none - audit.good_choices.count
    parts = [f"the best strategy, {names.strategy_in_sentence(audit.best)}, in {_percent(audit.best_named)} of samples"]
    parts += [f"another one within the margin of it in {_percent(Rate(others, times))}"] if others else []
    parts += [f"one that is worse by more than the margin in {_percent(Rate(wrong, times))}"] if wrong else []
    parts += [f"none in {_percent(audit.choices[None])}"] if none else []
    return f"If the observed scores were the truth, a test set like this would recommend {_join(parts)}."


def build_promise_table(audit: Audit) -> TextTable:
    """One line for each promise, with the worst of its checks."""
    rows = []
    for kind, checks in _group_by_promise(audit).items():
        worst = _find_worst(checks)
        rows.append((_PROMISE[kind], format_limit(worst), format_rates(checks), answer(worst)))
    return TextTable(PROMISES, ("promise", "stated", "simulated", "kept?"), (False, True, True, False), tuple(rows), _KEPT)


def build_check_table(audit: Audit) -> TextTable:
    """One line for each check."""
    rows = tuple(
        (
            _PROMISE[check.kind],
            name_strategies(check),
            numbers.score(check.truth, audit.unit) if check.score == audit.score else f"{numbers.score(check.truth)} ({check.score})",
            format_limit(check),
            format_rate(check.rate),
            numbers.share(check.low_confidence.share),
            answer(check),
        )
        for check in audit.checks
    )
    columns = ("promise", "strategies", "true value", "stated", "simulated (95% CI)", "low confidence", "kept?")
    return TextTable(DETAILS, columns, (False, False, True, True, True, True, False), rows, "")


def name_strategies(check: AuditCheck) -> str:
    """Whose score, or whose difference."""
    labels = ["Trivial baseline" if name == TRIVIAL else names.strategy_name(name) for name in check.strategies]
    return labels[0] if len(labels) == 1 else f"{labels[1]} − {labels[0]}"


def format_limit(check: AuditCheck) -> str:
    """The rate that the report promises."""
    return f"{'95' if check.is_coverage else 'at most ' + _whole(check.limit)}%"


def format_rate(rate: Rate) -> str:
    """A simulated rate with the interval that the number of simulations gives it."""
    return f"{_percent(rate)} ({numbers.share_interval(*rate.limits)})"


def format_rates(checks: Sequence[AuditCheck]) -> str:
    """The range of the rates of several checks."""
    shares = sorted(check.rate.share for check in checks)
    ends = dict.fromkeys(_whole(share) for share in (shares[0], shares[-1]))
    return f"{'–'.join(ends)}%"


def answer(check: AuditCheck) -> str:
    """Whether the promise is kept."""
    return _OUTCOMES[check.outcome]


def list_skipped(audit: Audit) -> list[str]:
    """What could not be checked, and why; one sentence for each promise and reason."""
    grouped: dict[tuple[CheckKind, SkipReason], list[SkippedCheck]] = {}
    for skipped in audit.skipped:
        grouped.setdefault((skipped.kind, skipped.reason), []).append(skipped)
    sentences = []
    for (kind, reason), group in grouped.items():
        others = dict.fromkeys(names.strategy_in_sentence(each.strategies[-1]) for each in group)
        which = f" ({_join(list(others))})" if reason in ("out_of_reach", "not_additive") else ""
        sentences.append(f"{_PROMISE[kind]}{which}: {_SKIP_REASONS[reason]}.")
    return sentences


def list_simulated() -> tuple[str, ...]:
    """How the simulations are made."""
    return _SIMULATED


def list_not_simulated() -> tuple[str, ...]:
    """What an audit cannot see."""
    return _NOT_SIMULATED


def _group_by_promise(audit: Audit) -> dict[CheckKind, list[AuditCheck]]:
    """The checks of each promise that has any, in the order of the table."""
    grouped = {kind: [check for check in audit.checks if check.kind == kind] for kind in _PROMISE}
    return {kind: checks for kind, checks in grouped.items() if checks}


def _find_worst(checks: Sequence[AuditCheck]) -> AuditCheck:
    order = ("not_kept", "low_confidence", "unclear", "kept")
    return min(checks, key=lambda check: (order.index(check.outcome), check.rate.share if check.is_coverage else -check.rate.share))


def _percent(rate: Rate) -> str:
    return f"{_whole(rate.share)}%"


def _whole(share: float) -> str:
    return f"{100 * share:.0f}" if share in (0.0, 1.0) or 0.1 <= share <= 0.9 else f"{100 * share:.1f}".removesuffix(".0")


def _join(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
