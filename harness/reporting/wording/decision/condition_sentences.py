"""Why a strategy is excluded, and what has to be settled before one ships: as sentences, and as clauses of the headline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.decision import Decision, DecisionReason, ReasonOfDecision, SanityFinding
from harness.gate import GuardrailResult
from harness.reporting.views import TaskOutcome
from harness.reporting.wording import numbers
from harness.reporting.wording.decision.recommendation_sentences import describe_seed_risk
from harness.reporting.wording.decision.sanity_sentences import describe_finding, finding_clause, shared_clause
from harness.reporting.wording.gate import limit_subject, limit_title, measured_amount
from harness.reporting.wording.names import list_strategies, list_strategies_first, quote_label, starts_sentence, strategy_in_sentence
from harness.reporting.wording.sample_sizes import ASSUMPTIONS
from harness.results import LEAK_METRICS
from harness.text import one_line, short

_OF_TRIVIAL = ("constant_output", "not_better_than_trivial")  # what follows from being the trivial baseline


def reason_of_decision(reason: DecisionReason, task: TaskOutcome) -> str:
    """A reason that excludes a strategy, or is a condition, as a sentence."""
    return _SENTENCES[reason.code](reason, task)


def describe_exclusions(reasons: Sequence[DecisionReason], task: TaskOutcome) -> list[str]:
    """Why strategies are excluded, and why the test set is unfit; strategies that share a reason are named together."""
    copies = {reason.strategy: answer for reason in reasons if (answer := find_trivial_answer(reason.strategy, task.decision)) is not None}
    shared: dict[tuple[str, ...], list[DecisionReason]] = {}
    for reason in reasons:
        if reason.strategy not in copies or reason.texts.get("code", ("",))[0] not in _OF_TRIVIAL:
            shared.setdefault((reason.code, *reason.texts.get("score", ()), *reason.texts.get("code", ())), []).append(reason)
    others = [_exclude_together(group, task) if len(group) > 1 else reason_of_decision(group[0], task) for group in shared.values()]
    return [*_describe_copies(copies), *others]


def find_trivial_answer(strategy: str, decision: Decision) -> str | None:
    """The answer that a strategy and the trivial baseline both give to every example; None where they are not the same."""
    own = {finding.code: finding for finding in decision.sanity if finding.strategy == strategy}
    constant, trivial = own.get("constant_output"), own.get("not_better_than_trivial")
    if constant is None or trivial is None or constant.numbers["constant"] < constant.numbers["seeds"]:
        return None
    answers = set(constant.texts.get("label", ())) | set(trivial.texts.get("label", ()))
    is_same = len(answers) == 1 and "label" in constant.texts and "label" in trivial.texts
    return answers.pop() if is_same else None


def _describe_copies(copies: Mapping[str, str]) -> list[str]:
    """That strategies are the trivial baseline, in one sentence: its answer is the same for all."""
    if not copies:
        return []
    answer, names = quote_label(next(iter(copies.values()))), list_strategies_first(list(copies))
    if len(copies) == 1:
        return [f"{names} is the same as the trivial baseline: it answers {answer} to every example."]
    return [f"{names} are the same as the trivial baseline: they answer {answer} to every example."]


def _exclude_together(reasons: Sequence[DecisionReason], task: TaskOutcome) -> str:
    names = list_strategies_first([reason.strategy for reason in reasons])
    if reasons[0].code == "guardrail_broken":
        return f"{names} break the limit {_limit(reasons[0], task)}."
    if reasons[0].code == "gate_failed":
        return f"{names} failed the release gate."
    return f"{names} {shared_clause(find_finding(reasons[0], task.decision).code)}."


def condition_clause(reason: DecisionReason, task: TaskOutcome) -> str:
    """A reason inside the headline, about a strategy that was named: "the release gate could not decide"."""
    return _CLAUSES[reason.code](reason, task)


def find_guardrail(reason: DecisionReason, decision: Decision) -> GuardrailResult | None:
    """The result of the guardrail that a reason is about."""
    score = reason.texts["score"][0]
    own = [each for each in decision.guardrails if each.strategy == reason.strategy and each.rule.score == score]
    status = reason.code.removeprefix("guardrail_")
    return next((each for each in own if each.status == status), own[0] if own else None)


def find_finding(reason: DecisionReason, decision: Decision) -> SanityFinding:
    """The sanity finding that a reason is about."""
    code = reason.texts["code"][0]
    return next(each for each in decision.sanity if each.code == code and each.strategy == reason.strategy)


def _name(reason: DecisionReason) -> str:
    return strategy_in_sentence(reason.strategy)


def _first(reason: DecisionReason, sentence: str) -> str:
    return starts_sentence(sentence, reason.strategy)


def _limit(reason: DecisionReason, task: TaskOutcome) -> str:
    result = find_guardrail(reason, task.decision)
    if result is not None:
        return f"“{limit_title(result.rule, result.unit)}”"
    rule = next((rule for rule in task.decision.rules if rule.score == reason.texts["score"][0]), None)
    return f"“{limit_title(rule, task.unit_of(rule.score))}”" if rule else f"on {reason.texts['score'][0]}"


def _subject(reason: DecisionReason, task: TaskOutcome) -> str:
    result = find_guardrail(reason, task.decision)
    rule = result.rule if result is not None else next((r for r in task.decision.rules if r.score == reason.texts["score"][0]), None)
    return limit_subject(rule) if rule is not None else reason.texts["score"][0]


def _measured(reason: DecisionReason, task: TaskOutcome) -> str:
    result = find_guardrail(reason, task.decision)
    return f" Measured: {measured_amount(result)}." if result is not None and result.estimate is not None else ""


def _examples(reason: DecisionReason, task: TaskOutcome) -> str:
    result = find_guardrail(reason, task.decision)
    if result is None or result.examples_needed is None:
        return ""
    return f" About {numbers.about(result.examples_needed)} test examples would show it, {ASSUMPTIONS[result.assumed]}."


def _policy(reason: DecisionReason) -> str:
    return f"“{short(one_line(reason.texts['policy'][0]), 60)}”"


def _rules(reason: DecisionReason, name: str) -> str:
    total = round(reason.numbers["rules"])
    return f"{round(reason.numbers[name])} of {numbers.plural(total, 'release rule')}"


def _broken(reason: DecisionReason, task: TaskOutcome) -> str:
    result = find_guardrail(reason, task.decision)
    broken, measured = f"{_name(reason)} breaks the limit {_limit(reason, task)}", _measured(reason, task)
    if result is None or result.claim == "refuted":
        return _first(reason, f"{broken}.{measured}")
    where = "planted secrets" if _is_leak_test(reason) else "examples"
    return _first(reason, f"{broken} on these {where}.{measured} That is not shown beyond them, but is enough to rule it out.")


def _undecided(reason: DecisionReason, task: TaskOutcome) -> str:
    evidence = "The leak test has too few planted secrets to" if _is_leak_test(reason) else "The test set cannot"
    shown = f"{evidence} show that {_name(reason)} keeps the limit {_limit(reason, task)}."
    return f"{shown}{_measured(reason, task)}{_examples(reason, task)}"


def _is_leak_test(reason: DecisionReason) -> bool:
    """Whether a reason is about what the leak test measures."""
    return reason.texts["score"][0] in LEAK_METRICS


def _no_evidence(reason: DecisionReason, task: TaskOutcome) -> str:
    result = find_guardrail(reason, task.decision)
    why = f": {one_line(result.why, 200)}" if result is not None and result.why else ""
    return f"The limit {_limit(reason, task)} was not measured for {_name(reason)}{why}."


def _untrusted(reason: DecisionReason, task: TaskOutcome) -> str:
    why = "is measured by an automatic score that has not been shown to agree with people, so it does not count as kept"
    return f"The limit {_limit(reason, task)} {why}.{_measured(reason, task)}"


def _gate_failed(reason: DecisionReason, task: TaskOutcome) -> str:
    failed = f"{_rules(reason, 'failed')} failed under policy {_policy(reason)}"
    return _first(reason, f"{_name(reason)} failed the release gate: {failed}.")


def _gate_undecided(reason: DecisionReason, task: TaskOutcome) -> str:
    undecided = f"{_rules(reason, 'undecided')} could not be decided under policy {_policy(reason)}"
    return f"The release gate is inconclusive about {_name(reason)}: {undecided}."


def _gate_outdated(reason: DecisionReason, task: TaskOutcome) -> str:
    return f"The release gate has judged earlier outputs of {_name(reason)}, but not the present ones."


def _gate_missing(reason: DecisionReason, task: TaskOutcome) -> str:
    return f"The release gate has judged {list_strategies(reason.texts['judged'])}, but not {_name(reason)}."


def _low_confidence(reason: DecisionReason, task: TaskOutcome) -> str:
    why = reason.texts["why"][0]
    return f"The comparison has low confidence: {why}." if why else "The comparison has low confidence."


def _seeds(reason: DecisionReason, task: TaskOutcome) -> str:
    seeds = task.decision.seeds
    assert seeds is not None  # the reason rests on it
    return describe_seed_risk(seeds, reason.strategy, task.task.margin, task.primary)


def _seeds_missing(reason: DecisionReason, task: TaskOutcome) -> str:
    finished, planned = (numbers.count(reason.numbers[name]) for name in ("finished", "planned"))
    return f"Only {finished} of {planned} experiments with {_name(reason)} {'has' if finished == '1' else 'have'} a result."


def _run_unfinished(reason: DecisionReason, task: TaskOutcome) -> str:
    missing = round(reason.numbers["missing"])
    return f"The run is incomplete: {numbers.plural(missing, 'experiment')} {'has' if missing == 1 else 'have'} no result yet."


def _no_trusted_safety(reason: DecisionReason, task: TaskOutcome) -> str:
    return (
        f"No person has reviewed outputs of {_name(reason)}, and no trusted score measures their safety. "
        "Free text can be wrong in ways that a similarity score does not show."
    )


def _targets_not_independent(reason: DecisionReason, task: TaskOutcome) -> str:
    model = one_line(reason.texts["model"][0], 60)
    return (
        f"The targets are outputs of {model}: scores are agreement with it, its mistakes included, and not quality. Whether a strategy is "
        "as good as it, or better, takes test examples that people have labelled independently."
    )


def _training_data_unknown(reason: DecisionReason, task: TaskOutcome) -> str:
    unknown = "has weights that were tuned elsewhere, and what they were trained on is not known. If test examples were part of it"
    return _first(reason, f"{_name(reason)} {unknown}, its scores are too high, and no check can show that they were not.")


def _training_data_stated(reason: DecisionReason, task: TaskOutcome) -> str:
    statement = one_line(reason.texts["statement"][0], 300)
    return _first(
        reason,
        f"{_name(reason)} has weights that were tuned elsewhere. Stated, and not checked: it has not seen the test examples ({statement}).",
    )


def _asked_once(reason: DecisionReason, task: TaskOutcome) -> str:
    names = list_strategies_first(reason.texts["strategies"], 3)
    was, its = ("was", "its") if len(reason.texts["strategies"]) == 1 else ("were", "their")
    return f"{names} {was} asked each question once: how much {its} answers vary from one time to the next is not known."


def _price_unknown(reason: DecisionReason, task: TaskOutcome) -> str:
    names = list_strategies(reason.texts["strategies"], 3)
    names_no = "names no price" if len(reason.texts["strategies"]) == 1 else "name no price"
    return f"The decision cannot say which strategy is cheapest: {names} {names_no}."


def _raters_prefer(reason: DecisionReason, task: TaskOutcome) -> str:
    return f"Raters prefer {strategy_in_sentence(reason.texts['preferred'][0])} to {_name(reason)}."


def _finding(reason: DecisionReason, task: TaskOutcome) -> str:
    return describe_finding(find_finding(reason, task.decision))


def _finding_clause(reason: DecisionReason, task: TaskOutcome) -> str:
    finding = find_finding(reason, task.decision)
    answer = find_trivial_answer(reason.strategy, task.decision) if finding.code in _OF_TRIVIAL else None
    if answer is not None:
        return f"it is the same as the trivial baseline, which always answers {quote_label(answer)}"
    return finding_clause(finding) if not finding.strategy else f"it {finding_clause(finding)}"


_Writer = Callable[[DecisionReason, TaskOutcome], str]
_SENTENCES: Mapping[ReasonOfDecision, _Writer] = {
    "guardrail_broken": _broken,
    "gate_failed": _gate_failed,
    "sanity_failed": _finding,
    "task_unfit": _finding,
    "guardrail_undecided": _undecided,
    "guardrail_no_evidence": _no_evidence,
    "guardrail_untrusted": _untrusted,
    "gate_undecided": _gate_undecided,
    "gate_outdated": _gate_outdated,
    "gate_missing": _gate_missing,
    "low_confidence": _low_confidence,
    "one_seed": _seeds,
    "seeds_could_change": _seeds,
    "seeds_missing": _seeds_missing,
    "run_unfinished": _run_unfinished,
    "no_trusted_safety": _no_trusted_safety,
    "targets_not_independent": _targets_not_independent,
    "training_data_unknown": _training_data_unknown,
    "training_data_stated": _training_data_stated,
    "asked_once": _asked_once,
    "price_unknown": _price_unknown,
    "raters_prefer": _raters_prefer,
    "sanity_condition": _finding,
    "sanity_note": _finding,
}
_CLAUSES: Mapping[ReasonOfDecision, _Writer] = {
    "guardrail_broken": lambda reason, task: f"it breaks the limit on {_subject(reason, task)}",
    "gate_failed": lambda reason, task: "it failed the release gate",
    "sanity_failed": _finding_clause,
    "guardrail_undecided": lambda reason, task: (
        f"{'the leak test' if _is_leak_test(reason) else 'the test set'} cannot show that it keeps the limit on {_subject(reason, task)}"
    ),
    "guardrail_no_evidence": lambda reason, task: f"the limit on {_subject(reason, task)} was not measured",
    "guardrail_untrusted": lambda reason, task: f"people have not verified the score for {_subject(reason, task)}",
    "gate_undecided": lambda reason, task: "the release gate is inconclusive",
    "gate_outdated": lambda reason, task: "the release gate has not judged its present outputs",
    "gate_missing": lambda reason, task: "the release gate has not judged it",
    "low_confidence": lambda reason, task: "the comparison has low confidence",
    "one_seed": lambda reason, task: "another training run could change the choice",
    "seeds_could_change": lambda reason, task: "another training run could change the choice",
    "seeds_missing": lambda reason, task: "not all of its experiments have a result",
    "run_unfinished": lambda reason, task: "the run is incomplete",
    "targets_not_independent": lambda reason, task: f"its scores are agreement with {one_line(reason.texts['model'][0], 60)}",
    "training_data_unknown": lambda reason, task: "what its weights were trained on is not known",
    "no_trusted_safety": lambda reason, task: "no person has reviewed its outputs",
    "raters_prefer": lambda reason, task: f"raters prefer {strategy_in_sentence(reason.texts['preferred'][0])}",
    "sanity_condition": _finding_clause,
}
