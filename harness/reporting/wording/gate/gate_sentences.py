"""A verdict in sentences: what was judged, why each rule has its outcome, and what else a reader must know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.gate import (
    MEASURES,
    JudgedModel,
    JudgedRule,
    Reason,
    ReasonCode,
    Regression,
    RuleVerdict,
    Verdict,
    VerdictNote,
    VerdictNoteCode,
)
from harness.reporting.wording import numbers
from harness.reporting.wording.names import quote_label, strategy_in_sentence
from harness.reporting.wording.sample_sizes import ASSUMPTIONS
from harness.text import one_line, plural, short

_SINCE = " (in service since "  # after the name of the run of a baseline from the registry
_MOST_SLICES = 6  # that a note lists
_NEED_EXAMPLES: frozenset[ReasonCode] = frozenset(("undecided", "unreliable", "no_limits", "too_few", "slices_too_small"))


def headline(verdict: Verdict) -> str:
    """The verdict in two sentences: which models were compared, by their plain names, and how many rules passed."""
    description = str(verdict.policy.get("description") or "").strip()
    policy = f", policy “{short(one_line(description), 60)}”" if description else ""
    return f"{verdict.outcome}: {_plain_name(verdict.candidate)}{_setting(verdict)}{policy}. {_count_rules(verdict)}"


def describe_models(verdict: Verdict) -> str:
    """Exactly which models were judged, and by which policy: with the names of their runs, and the digest of the policy."""
    models = [("Candidate", verdict.candidate), *([("baseline", verdict.baseline)] if verdict.baseline else [])]
    listed = [f"{side}: {model.label}{_seed(model)} of {model.run}" for side, model in models]
    return f"{'; '.join([*listed, f'policy: {verdict.policy_digest[:8]}'])}."


def _setting(verdict: Verdict) -> str:
    """What the candidate is compared with, and on which task."""
    candidate, baseline = verdict.candidate, verdict.baseline
    if baseline is None:
        return f" on {verdict.task}, without a model to compare it with"
    name = _plain_name(baseline)
    if _SINCE in baseline.run:
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
    return f"{total - len(undecided)} of {plural(total, 'release rule')} passed; {_what_is_missing(undecided)}."


def _what_is_missing(undecided: Sequence[RuleVerdict]) -> str:
    need_examples = all(rule.reason.code in _NEED_EXAMPLES and rule.rule.kind != "min_seeds" for rule in undecided)
    if len(undecided) > 1:
        return f"{len(undecided)} rules need more test examples" if need_examples else f"{len(undecided)} rules could not be decided"
    (rule,) = (verdict.rule for verdict in undecided)
    if rule.kind == "min_examples":
        return "the test set is too small"
    name = f"the rule on {rule.score}" if rule.score else f"“{rule_title(rule)}”"
    return f"{name} needs more test examples" if need_examples else f"{name} could not be decided"


def rule_title(rule: JudgedRule) -> str:
    """The requirement in a few words: "rougeL at least 0.2 for ward = south"."""
    number = "" if rule.threshold is None else f"{rule.threshold:g}"
    titles = {
        "floor": f"{rule.score} at least {number}",
        "ceiling": f"{rule.score} at most {number}",
        "not_worse": f"{rule.score} not worse than {_opposite(rule)} by more than {_allowed_loss(rule)}",
        "better": f"{rule.score} better than the baseline by more than {number}",
        "no_leakage": "No training on test examples",
        "looks": f"At most {_count(rule.threshold, 'evaluation')} of this test set",
        "two_classes": "At least two classes in the test set",
        "min_examples": f"At least {_count(rule.threshold, 'test example')}",
        "min_seeds": f"At least {_count(rule.threshold, 'training seed')}",
    }
    mark = " (advisory)" if rule.tier == "advisory" else " (guardrail of the task)" if rule.source == "guardrail" else ""
    return titles[rule.kind] + _slice(rule) + mark


def _opposite(rule: JudgedRule) -> str:
    """What a difference is to: the baseline, or the strategy of the same run that a guardrail names."""
    return rule.against if rule.source == "guardrail" and rule.against else "the baseline"


def _allowed_loss(rule: JudgedRule) -> str:
    threshold = rule.threshold or 0.0
    return f"{100 * threshold:g}% of its score" if rule.relative else f"{threshold:g}"


def _slice(rule: JudgedRule) -> str:
    if not rule.slice_column:
        return ""
    return f" for {rule.slice_column} = {rule.slice_value}" if rule.slice_value else f" for every {rule.slice_column}"


def _count(value: float | None, noun: str) -> str:
    return plural(round(value or 0), noun)


def reason_sentence(verdict: RuleVerdict) -> str:
    """Why a rule has its outcome, and what would decide it."""
    return _SENTENCES[verdict.reason.code](verdict)


def _undecided(verdict: RuleVerdict) -> str:
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
    return f"Not enough test examples for a reliable decision: {_text(verdict.reason, 'why')}."


def _no_baseline(verdict: RuleVerdict) -> str:
    ways = "name a baseline with --baseline RUN:STRATEGY, or promote a first model with --force"
    return f"There is no model in service to compare with: {ways}."


def _one_seed(verdict: RuleVerdict) -> str:
    return "The policy counts the spread of training seeds, but the candidate has only one seed."


def _seed_spread_unknown(verdict: RuleVerdict) -> str:
    score = verdict.rule.score
    return f"The policy counts the spread of training seeds, which is not estimated for {score}: it is computed over all examples."


def _slice_missing(verdict: RuleVerdict) -> str:
    available = _list(verdict.reason.texts["available"])
    return f"No test example has {verdict.rule.slice_column} = {verdict.rule.slice_value}. Available: {available}."


def _slices_too_small(verdict: RuleVerdict) -> str:
    sizes = verdict.reason.numbers
    column, minimum = verdict.rule.slice_column, _count(sizes["minimum"], "test example")
    return f"No {column} has {minimum}; the largest has {numbers.count(sizes['largest'])}."


def _measured(verdict: RuleVerdict) -> str:
    return f"Compared as measured: {MEASURES[verdict.rule.score]}."


def _currencies_differ(verdict: RuleVerdict) -> str:
    return f"Costs in {' and '.join(verdict.reason.texts['currencies'])} cannot be compared."


def _untrusted(verdict: RuleVerdict) -> str:
    ask = "Have people review outputs: `bench review export`."
    return f"{verdict.rule.score} has not been shown to agree with people, so it cannot show this. {ask}"


def _no_evidence(verdict: RuleVerdict) -> str:
    return f"Not measured: {_text(verdict.reason, 'why')}."


def _review_missing(verdict: RuleVerdict) -> str:
    strategies = verdict.reason.texts["strategies"]
    kind = f"pairwise review of {' and '.join(strategies)}" if len(strategies) > 1 else f"error review of {strategies[0]}"
    return f"There is no {kind}. Create one with `bench review export`."


def _present(verdict: RuleVerdict) -> str:
    noun = "training seed" if verdict.rule.kind == "min_seeds" else "test example"
    present = f"{_count(verdict.reason.numbers['present'], noun)}"
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
    exception = f" This is unknown for the {unknown[0]}, whose outputs are external." if unknown else ""
    return f"No test example is among the training examples.{exception}"


def _single_class(verdict: RuleVerdict) -> str:
    label = quote_label(verdict.reason.texts["label"][0])
    return f"Every test example has the label {label}, so a model that always gives this answer looks perfect."


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
    "untrusted": _untrusted,
    "no_evidence": _no_evidence,
    "review_missing": _review_missing,
    "enough": _present,
    "too_few": _present,
    "single_class": _single_class,
    "look_exceeded": _look_exceeded,
    "alpha_exceeded": _alpha_exceeded,
    "trained_on": _trained_on,
    "not_trained_on": _not_trained_on,
}


def verdict_sentences(verdict: Verdict) -> list[str]:
    """How the verdict was reached, what else a reader must know, and how many examples got worse."""
    regressions = [_count_regressions(verdict)] if verdict.baseline is not None else []
    limits = f"Limits are one-sided, each at α = {verdict.alpha:.4g}. Differences are candidate minus baseline."
    return [limits, _evaluation(verdict), *(note_sentence(note) for note in verdict.notes), *regressions]


def _evaluation(verdict: Verdict) -> str:
    evaluation = f"This is evaluation {verdict.look} of this test set"
    if verdict.planned_looks is not None:
        return f"{evaluation}, of {verdict.planned_looks} that are planned; α is split evenly among them."
    if verdict.look > 1:
        return f"{evaluation}. Repeated evaluation on one test set inflates false passes; set `looks` in the policy."
    return f"{evaluation}."


def _count_regressions(verdict: Verdict) -> str:
    critical = verdict.critical_count
    suffix = f", {numbers.count(critical)} of them with a critical error that the baseline does not make" if critical else ""
    return f"{numbers.count(verdict.regression_count)} of {plural(verdict.n, 'test example')} got worse{suffix}."


def note_sentence(note: VerdictNote) -> str:
    """A note on a verdict."""
    return _NOTES[note.code](note)


def _seeds_missing(note: VerdictNote) -> str:
    evaluated, planned = (numbers.count(note.numbers[name]) for name in ("evaluated", "planned"))
    missing = _list([f"seed {seed} ({status})" for seed, status in zip(note.texts["seeds"], note.texts["statuses"], strict=True)])
    return f"{note.texts['strategy'][0]} has results of {evaluated} of {planned} seeds. Without a result: {missing}."


def _one_model(note: VerdictNote) -> str:
    """That the gate judges one model; what its recipe scores with other seeds, if it has any."""
    lead = "The gate judges this one model; the recommendation is about the recipe"
    seeds, choices = (round(note.numbers[name]) for name in ("seeds", "choices"))
    if "value" not in note.numbers:
        return f"{lead}, which was trained once." if seeds == 1 else f"{lead}."
    value, lowest, highest = (numbers.score(note.numbers[name]) for name in ("value", "lowest", "highest"))
    score, seed = note.texts["score"][0], note.texts["seed"][0]
    spread = f"Over its {seeds} seeds, {score} is {lowest} to {highest}; this model, seed {seed}, has {value}."
    chosen = f" Its seed was named and may have been chosen by its result, so α is divided by {choices}." if choices > 1 else ""
    return f"{lead}. {spread}{chosen}"


def _recipe_counted(note: VerdictNote) -> str:
    return f"{_one_model(note)} The policy counts the spread of seeds: each rule on a score must hold for the model and for the recipe."


def _baseline_rerun(note: VerdictNote) -> str:
    strategy, run = note.texts["strategy"][0], note.texts["run"][0]
    return f"{strategy} was evaluated on a different test set; its model was re-run on the examples of {run}."


def _alpha_overspent(note: VerdictNote) -> str:
    spent, alpha = f"{note.numbers['spent']:g}", f"{note.numbers['alpha']:g}"
    why = "earlier evaluations had other plans, or none"
    return f"With this evaluation, α = {spent} is used on this test set, more than the {alpha} of the policy: {why}."


def _slices_skipped(note: VerdictNote) -> str:
    title = rule_title(note.rule) if note.rule is not None else "A rule"
    sizes = [f"{name} ({size})" for name, size in zip(note.texts["slices"], note.texts["sizes"], strict=True)]
    minimum = _count(note.numbers["minimum"], "test example")
    return f"{title}: slices with fewer than {minimum} were not judged: {_list(sizes, _MOST_SLICES)}."


_NOTES: Mapping[VerdictNoteCode, Callable[[VerdictNote], str]] = {
    "seeds_missing": _seeds_missing,
    "one_model": _one_model,
    "recipe_counted": _recipe_counted,
    "baseline_rerun": _baseline_rerun,
    "identical_outputs": lambda note: "The outputs of candidate and baseline are identical on every test example.",
    "alpha_overspent": _alpha_overspent,
    "slices_skipped": _slices_skipped,
    "no_baseline": lambda note: "There is no model in service to compare with, so only rules on the candidate itself were judged.",
    "not_recorded": lambda note: f"The verdict could not be stored in {note.texts['run'][0]}: {note.texts['error'][0]}",
}


def describe_regression(regression: Regression) -> str:
    """In which way an example got worse, and who found that."""
    return f"critical ({', '.join(regression.critical_by)})" if regression.critical else "worse"


def measured_value(verdict: RuleVerdict) -> str:
    """What was measured, with its limits. A difference has its own sign, and the direction in words where lower is better."""
    if verdict.measured is None:
        return numbers.NOTHING
    rule = verdict.rule
    show = numbers.signed if rule.compares else numbers.score
    value = show(verdict.measured, verdict.unit) if verdict.unit else _plain(verdict.measured, signed=rule.compares)
    if verdict.low is not None and verdict.high is not None:
        value = f"{value} ({show(verdict.low, verdict.unit)} to {show(verdict.high, verdict.unit)})"
    if rule.relative:
        share = 1 + (rule.threshold or 0.0) * (1 if verdict.lower_is_better else -1)
        value = f"{value} from {100 * share:g}% of the baseline"
    return f"{value}; lower is better" if verdict.lower_is_better else value


def _plain(value: float, *, signed: bool) -> str:
    """A measure, which has no unit."""
    return f"{value:{'+' if signed and value else ''}.4g}".replace("-", "−")


def _text(reason: Reason, name: str) -> str:
    return ", ".join(reason.texts.get(name, ()))


def _list(names: Sequence[str], most: int | None = None) -> str:
    """Names with commas; of many only the first, and how many more there are."""
    shown = list(names) if most is None else list(names[:most])
    rest = len(names) - len(shown)
    return f"{', '.join(shown)} and {rest} more" if rest else ", ".join(shown)
