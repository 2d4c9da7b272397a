"""A verdict in sentences: which models were judged, how many rules passed, and what else a reader must know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.gate import Approval, JudgedModel, Regression, RuleVerdict, Verdict, VerdictNote, VerdictNoteCode, plain_fingerprint
from harness.reporting.wording import numbers
from harness.reporting.wording.gate.rule_sentences import NEED_EXAMPLES, count_noun, list_first, rule_title, title_of_rule
from harness.reporting.wording.names import score_in_sentence, score_name, strategy_in_sentence
from harness.text import one_line, plural, short

_MOST_SLICES = 6  # that a note lists
APPROVAL_CASE = "Approved by enough people"  # the name of a test case in JUnit


def headline(verdict: Verdict) -> str:
    """The verdict in two sentences: which models were compared, by their plain names, and how many rules passed."""
    description = str(verdict.policy.get("description") or "").strip()
    policy = f", policy “{short(one_line(description), 60)}”" if description else ""
    return f"{verdict.outcome}: {_plain_name(verdict.candidate)}{_setting(verdict)}{policy}. {_count_rules(verdict)}{_waiting(verdict)}"


def describe_models(verdict: Verdict) -> str:
    """Exactly which models were judged, and by which policy: with the names of their runs, and the digest of the policy."""
    models = [("Candidate", verdict.candidate), *([("baseline", verdict.baseline)] if verdict.baseline else [])]
    since = {model: f" (in service since {model.in_service_since})" if model.in_service_since else "" for _, model in models}
    listed = [f"{side}: {model.label}{_seed(model)} of {model.run}{since[model]}" for side, model in models]
    return f"{'; '.join([*listed, f'policy: {verdict.policy_digest[:8]}'])}."


def _waiting(verdict: Verdict) -> str:
    if not verdict.awaits_approval:
        return ""
    return f" Waiting for approval: {verdict.approvals_given} of {verdict.approvals_required}."


def _setting(verdict: Verdict) -> str:
    """What the candidate is compared with, and on which task."""
    candidate, baseline = verdict.candidate, verdict.baseline
    if baseline is None:
        return f" on {verdict.task}, without a model to compare it with"
    name = _plain_name(baseline)
    if baseline.in_service_since:
        return f" against the model in service ({name}) on {verdict.task}"
    other = " of another run" if name == _plain_name(candidate) and baseline.run != candidate.run else ""
    return f" against {name}{other} on {verdict.task}"


def _plain_name(model: JudgedModel) -> str:
    return f"{strategy_in_sentence(model.label)}{_seed(model)}"


def _seed(model: JudgedModel) -> str:
    return "" if model.seed is None else f" (seed {model.seed})"


def _count_rules(verdict: Verdict) -> str:
    """How many rules passed, and what the others need."""
    blocking = [rule for rule in verdict.rules if rule.rule.tier == "blocking"]
    advisory = [rule for rule in verdict.rules if rule.rule.tier == "advisory"]
    text = _count_blocking(blocking)
    if not advisory:
        return text
    passed = sum(rule.outcome == "PASS" for rule in advisory)
    if len(advisory) == 1:
        return f"{text} The advisory rule {'passed' if passed else 'did not pass'}; it does not change the verdict."
    return f"{text} {passed} of {len(advisory)} advisory rules passed; they do not change the verdict."


def _count_blocking(rules: Sequence[RuleVerdict]) -> str:
    total = len(rules)
    failed = [rule for rule in rules if rule.outcome == "FAIL"]
    undecided = [rule for rule in rules if rule.outcome == "INCONCLUSIVE"]
    if failed:
        return "The only release rule failed." if total == 1 else f"{len(failed)} of {total} release rules failed."
    if not undecided:
        return {1: "The only release rule passed.", 2: "Both release rules passed."}.get(total, f"All {total} release rules passed.")
    if total == 1:
        return f"The only release rule {_what_they_need(undecided)}."
    return f"{total - len(undecided)} of {total} release rules passed; {_what_is_missing(undecided)}."


def _what_is_missing(undecided: Sequence[RuleVerdict]) -> str:
    rest = _what_they_need(undecided)
    if len(undecided) > 1:
        return f"{len(undecided)} rules {rest}"
    (open_,) = undecided
    if open_.rule.kind == "min_examples":
        return "the test set is too small"
    name = f"the rule on “{score_name(open_.rule.score)}”" if open_.rule.score else f"“{rule_title(open_)}”"
    return f"{name} {rest}"


def _what_they_need(undecided: Sequence[RuleVerdict]) -> str:
    """What rules lack, after their name: "could not be decided"."""
    if not all(rule.reason.code in NEED_EXAMPLES and rule.rule.kind != "min_seeds" for rule in undecided):
        return "could not be decided"
    return "needs more test examples" if len(undecided) == 1 else "need more test examples"


def verdict_sentences(verdict: Verdict) -> list[str]:
    """How the verdict was reached, what else a reader must know, and how many examples got worse."""
    regressions = [_count_regressions(verdict)] if verdict.baseline is not None else []
    guardrails = {rule.alpha for rule in verdict.rules if rule.alpha is not None and rule.alpha != verdict.alpha}
    stricter = "".join(f", those of guardrails at {level:.4g}" for level in sorted(guardrails))
    limits = f"Limits are one-sided, each at α = {verdict.alpha:.4g}{stricter}. Differences are candidate minus baseline."
    notes = [note_sentence(note) for note in verdict.notes]
    return [limits, _evaluation(verdict), *notes, *regressions, *approval_sentences(verdict)]


def approval_sentences(verdict: Verdict) -> list[str]:
    """Who has approved a PASS, and whether that is enough; empty where the policy requires no approval."""
    if not verdict.approvals_required or verdict.outcome != "PASS":
        return []
    counted = f"Approvals: {verdict.approvals_given} of {verdict.approvals_required} that the policy requires."
    if verdict.awaits_approval:
        counted = f"{counted} `bench approve` adds an approval."
    if not verdict.approvers:
        counted = f"{counted} The policy lists no keys of approvers, so the names are not authenticated."
    return [counted, *(_describe_approval(each, verdict) for each in verdict.approvals)]


def _describe_approval(approval: Approval, verdict: Verdict) -> str:
    listed = {plain_fingerprint(each) for each in verdict.approvers}
    is_unknown = listed and plain_fingerprint(approval.fingerprint) not in listed
    unknown = " This key is not among the approvers of the policy, so it does not count." if is_unknown else ""
    reason = f": {short(one_line(approval.reason), 200)}" if approval.reason else ""
    return f"Approved by {one_line(approval.name)} on {approval.at[:10]} (key {approval.fingerprint}){reason}.{unknown}"


def _evaluation(verdict: Verdict) -> str:
    evaluation = f"This is evaluation {verdict.look} of this test set"
    if verdict.planned_looks is not None:
        return f"{evaluation}, of {verdict.planned_looks} that are planned; α is split evenly among them."
    if verdict.look > 1:
        return f"{evaluation}. Repeated evaluation on one test set inflates false passes; set `looks` in the policy."
    return f"{evaluation}."


def _count_regressions(verdict: Verdict) -> str:
    critical = verdict.critical_count
    suffix = f", {numbers.count(critical)} of them with more critical errors than the baseline" if critical else ""
    return f"{numbers.count(verdict.regression_count)} of {plural(verdict.n, 'test example')} got worse{suffix}."


def note_sentence(note: VerdictNote) -> str:
    """A note on a verdict."""
    return _NOTES[note.code](note)


def _seeds_missing(note: VerdictNote) -> str:
    evaluated, planned = (numbers.count(note.numbers[name]) for name in ("evaluated", "planned"))
    missing = list_first([f"seed {seed} ({status})" for seed, status in zip(note.texts["seeds"], note.texts["statuses"], strict=True)])
    return f"{note.texts['strategy'][0]} has results of {evaluated} of {planned} seeds. Without a result: {missing}."


def _one_model(note: VerdictNote) -> str:
    """That the gate judges one model; what its recipe scores with other seeds, if it has any."""
    lead = "The gate judges this one model; the recommendation is about the recipe"
    seeds, choices = (round(note.numbers[name]) for name in ("seeds", "choices"))
    if "value" not in note.numbers:
        return f"{lead}, which was trained once." if seeds == 1 else f"{lead}."
    value, lowest, highest = (numbers.score(note.numbers[name]) for name in ("value", "lowest", "highest"))
    score, seed = score_in_sentence(note.texts["score"][0]), note.texts["seed"][0]
    spread = f"Over its {seeds} seeds, {score} is {lowest} to {highest}; this model, seed {seed}, has {value}."
    chosen = f" Its seed was named and may have been chosen by its result, so α is divided by {choices}." if choices > 1 else ""
    return f"{lead}. {spread}{chosen}"


def _recipe_counted(note: VerdictNote) -> str:
    return f"{_one_model(note)} The policy counts the spread of seeds: each rule on a score must hold for the model and for the recipe."


def _one_of_several(note: VerdictNote) -> str:
    """By what α is divided, since the candidate may have been chosen by its result."""
    strategies, candidates = (round(note.numbers[name]) for name in ("strategies", "candidates"))
    first = f"This run compares {strategies} strategies on the same examples"
    guardrails = f"guardrails are judged at α/{strategies}, as in the report" if "guardrails" in note.numbers else ""
    if candidates < 2:
        return f"{first}: {guardrails}."
    others = ", all but the baseline" if candidates < strategies else ""
    divided = f"{first}, and the candidate may be the best of {candidates}{others}. So each rule is judged at α/{candidates}"
    return f"{divided}; {guardrails}." if guardrails and candidates < strategies else f"{divided}."


def _baseline_rerun(note: VerdictNote) -> str:
    strategy, run = note.texts["strategy"][0], note.texts["run"][0]
    return f"{strategy} was evaluated on a different test set; its model was re-run on the examples of {run}."


def _alpha_overspent(note: VerdictNote) -> str:
    spent, alpha = f"{note.numbers['spent']:g}", f"{note.numbers['alpha']:g}"
    why = "earlier evaluations had other plans, or none"
    return f"With this evaluation, α = {spent} is used on this test set, more than the {alpha} of the policy: {why}."


def _slices_skipped(note: VerdictNote) -> str:
    title = title_of_rule(note.rule) if note.rule is not None else "A rule"
    sizes = [f"{name} ({size})" for name, size in zip(note.texts["slices"], note.texts["sizes"], strict=True)]
    minimum = count_noun(note.numbers["minimum"], "test example")
    return f"{title}: slices with fewer than {minimum} were not judged: {list_first(sizes, _MOST_SLICES)}."


def _trivial_not_scored(note: VerdictNote) -> str:
    score = score_in_sentence(note.texts["score"][0])
    return f"Whether the candidate beats the trivial baseline, which uses no model, is not known: {score} cannot be computed for it."


def _complaints_not_judged(note: VerdictNote) -> str:
    cases = plural(round(note.numbers["cases"]), "confirmed complaint")
    return f"{cases} of users: not judged, because the policy has no rule on them (complaints: {{at_most_broken: 0}})."


def _foreign_run(note: VerdictNote) -> str:
    checked, differing = (round(note.numbers[name]) for name in ("checked", "differing"))
    result = f"{differing} outputs differ, as rounding explains" if differing else "all outputs are the same"
    lead = f"{note.texts['run'][0]} comes from another machine"
    answered = f"{lead}: its model has answered {plural(checked, 'test example')} again here, and {result}."
    return f"{answered} {_local_test_set(note)}"


def _local_test_set(note: VerdictNote) -> str:
    """How the test examples of a foreign run relate to those of this machine."""
    task = one_line(note.texts["task"][0])
    if "local" not in note.numbers:
        return f"These are the run's own examples, because no test set of '{task}' was found here."
    shared, local = (numbers.count(note.numbers[name]) for name in ("shared", "local"))
    held = f"The run holds {shared} of the {local} test examples of '{task}' on this machine."
    if "score_here" not in note.numbers or "score_there" not in note.numbers:
        return held
    here, there = (numbers.score(note.numbers[name]) for name in ("score_here", "score_there"))
    score, unknown = score_in_sentence(note.texts["score"][0]), plural(round(note.numbers["unknown"]), "other")
    return f"{held} On {unknown}, its {score} is {here} ({there} in the run)."


def _training_data_unknown(note: VerdictNote) -> str:
    side, strategy = note.texts["side"][0], note.texts["strategy"][0]
    lead = f"The {side}, {strategy}, has weights that were tuned elsewhere, on data that are not known"
    if not note.texts["statement"]:
        return f"{lead}: if test examples were among them, its scores are too high, and no rule can show it."
    return f"{lead}. Stated, and not checked: it has not seen the test examples ({one_line(note.texts['statement'][0], 300)})."


_NOTES: Mapping[VerdictNoteCode, Callable[[VerdictNote], str]] = {
    "seeds_missing": _seeds_missing,
    "one_model": _one_model,
    "recipe_counted": _recipe_counted,
    "one_of_several": _one_of_several,
    "baseline_rerun": _baseline_rerun,
    "training_data_unknown": _training_data_unknown,
    "identical_outputs": lambda note: "The outputs of candidate and baseline are identical on every test example.",
    "alpha_overspent": _alpha_overspent,
    "slices_skipped": _slices_skipped,
    "complaints_not_judged": _complaints_not_judged,
    "no_baseline": lambda note: "There is no model in service to compare with, so only rules on the candidate itself were judged.",
    "trivial_not_scored": _trivial_not_scored,
    "foreign_run": _foreign_run,
    "approvals_outdated": lambda note: (
        f"{plural(round(note.numbers['count']), 'approval')} of this model cannot be counted: another verdict was approved."
    ),
    "not_recorded": lambda note: f"The verdict could not be stored in {note.texts['run'][0]}: {note.texts['error'][0]}",
}


def describe_regression(regression: Regression) -> str:
    """In which way an example got worse, and who found that."""
    return f"critical ({', '.join(regression.critical_by)})" if regression.critical else "worse"
