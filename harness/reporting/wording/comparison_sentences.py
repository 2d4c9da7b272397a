"""Sentences about a comparison of two strategies."""

from __future__ import annotations

from collections.abc import Sequence

from harness.reporting.views.comparison import ComparedStrategy, ComparisonView
from harness.reporting.wording import numbers
from harness.reporting.wording.headings import LOW_CONFIDENCE_MARK, LOW_CONFIDENCE_NOTE
from harness.reporting.wording.names import full_score_name, list_names, score_in_sentence, score_name
from harness.reporting.wording.sample_sizes import describe_sample_size
from harness.statistics import Comparison
from harness.text import short

CORRECTED_SCORES = "The p-values of the scores below the first are corrected for their number (Benjamini–Hochberg)."
CORRECTED_SLICES = "The p-values of the slices are corrected for their number (Benjamini–Hochberg)."
REFERENCE, NO_ANSWER = "reference", "(no answer)"


def describe_pair(view: ComparisonView) -> str:
    """The title: what is compared with what."""
    with_run = view.a.run != view.b.run
    a, b = (_side(side, letter, with_run) for side, letter in ((view.a, "A"), (view.b, "B")))
    return f"{view.task} · {full_score_name(view.primary.name)} · {numbers.plural(view.examples, 'test example')}: {b} compared with {a}"


def describe_ranking(best: ComparisonView) -> str:
    """The title of a table that compares one best strategy with all others."""
    examples = numbers.plural(best.examples, "test example")
    return f"{best.task} · {full_score_name(best.primary.name)} · {examples}: each strategy compared with {best.a.label}, the best"


def describe_conclusion(view: ComparisonView) -> str:
    """What the primary score says about the two."""
    score = view.primary
    comparison, unit, a, b = score.comparison, score.unit, view.a.label, view.b.label
    name = score_in_sentence(score.name)
    if comparison.difference is None and comparison.n:
        return f"No conclusion: {name} is undefined on these test examples: {comparison.reason}."
    if comparison.difference is None:
        return f"No conclusion: {name} has no value on any example of both."
    interval = numbers.signed_interval(comparison.low, comparison.high, unit)
    details = ", ".join(filter(None, [f"95% CI {interval}" if interval else "no interval", numbers.p_value(comparison.p_value)]))
    difference = numbers.with_unit(numbers.signed(comparison.difference, unit), unit)
    scores = f"{name} {numbers.score(score.b.value, unit)} vs. {numbers.score(score.a.value, unit)}"
    scores += f", a difference of {difference} ({details})"
    within = ", but by less than the margin" if comparison.equivalent else ""
    conclusions = {
        "better": f"{b} is better than {a}{within}: {scores}.",
        "worse": f"{b} is worse than {a}{within}: {scores}.",
        "different": f"{b} and {a} differ{within}: {scores}.",
        "tied": f"{b} and {a} are equivalent, within ±{numbers.margin(view.margin)}: {scores}.",
        "undecided": f"{b} and {a} are too close to call: {scores}.{_held_back(comparison)}",
    }
    return conclusions[comparison.verdict]


def _held_back(comparison: Comparison) -> str:
    """Why a difference whose interval excludes 0 is not called one."""
    if not comparison.is_held_back:
        return ""
    return f" The interval excludes 0, but failures too rare to show among {numbers.plural(comparison.n, 'example')} could reverse it."


def list_details(view: ComparisonView) -> list[str]:
    """What else a reader has to know."""
    sentences = (_not_worse(view), _detectable(view), *_seeds(view), _kept(view), *_reductions(view), _costs(view))
    return [sentence for sentence in sentences if sentence]


def list_warnings(view: ComparisonView) -> list[str]:
    """What may make the two differ besides the strategies."""
    warnings = []
    if view.mismatch.other_primary:
        name, other = view.primary.name, view.mismatch.other_primary
        warnings.append(f"The primary score is {name} in {view.a.run} and {other} in {view.b.run}; {name} is used here.")
    if view.mismatch.only_one:
        warnings.append(f"Only one of the two runs has {', '.join(view.mismatch.only_one)}.")
    packages = [d for d in view.setup if d.name not in ("device", "dtype")]
    if packages:
        listed = ", ".join(f"{d.name} {d.a or 'none'} and {d.b or 'none'}" for d in packages)
        warnings.append(f"A and B were computed with different versions, which alone can change a score: {listed}.")
    warnings += [f"A and B were computed with a different {d.name}: {d.a} and {d.b}." for d in view.setup if d not in packages]
    warnings += [f"{label}: only {done} of {planned} seeds are done." for label, done, planned in view.incomplete]
    return warnings


def list_ranking_notes(views: Sequence[ComparisonView]) -> list[str]:
    """What the table of one best strategy and all others does not say itself."""
    best = views[0]
    strategies = {side.label: side for view in views for side in (view.a, view.b)}
    single = [label for label, side in strategies.items() if side.varies_by_seed and len(side.seeds) < 2]
    warnings = dict.fromkeys(warning for view in views for warning in list_warnings(view))
    marked = any(not view.primary.comparison.reliable and view.primary.comparison.low is not None for view in views)
    return [
        f"Δ = {numbers.margin(best.margin)}. PASS: not worse than {best.a.label} by more than Δ (one-sided, 95%). FAIL: worse by more. "
        "INCONCLUSIVE: neither is shown.",
        f"{best.a.label} was picked as the best on these same test examples, so it may lead by less than it seems.",
        *([_single_seeds(single)] if single else []),
        *([LOW_CONFIDENCE_NOTE] if marked else []),
        *([note_unchecked([best.primary.name])] if best.primary.unchecked else []),
        *warnings,
    ]


def note_unchecked(names: Sequence[str]) -> str:
    """Below the table of scores: those that are not shown to agree with people."""
    which = "this score agrees" if len(names) == 1 else "these scores agree"
    listed = list_names([score_name(name) for name in names])
    return f"Not checked against people: {listed}. No review shows that {which} with raters, so the difference proves nothing."


def describe_changes(view: ComparisonView) -> str:
    """The title of the list of examples that changed most."""
    return f"Examples that changed most, by {score_in_sentence(view.changed_by)}"


def describe_slices(view: ComparisonView) -> str:
    """The title of the table of slices."""
    return f"{full_score_name(view.sliced)} by {short(view.by, 60)}"


def format_warning(warning: str) -> str:
    """A warning in the terminal."""
    return f"Note: {warning}"


def format_verdict(comparison: Comparison, p_value: float | None) -> str:
    """The verdict in a table; one that does not hold after the correction of p is too close to call."""
    if comparison.difference is None:
        return numbers.NOTHING
    lost = comparison.verdict in ("better", "worse", "different") and p_value is not None and p_value >= 0.05
    verdict = "undecided" if lost else comparison.verdict
    text = {"tied": "equivalent", "undecided": "too close to call"}.get(verdict, verdict)
    return f"{text} {LOW_CONFIDENCE_MARK}" if comparison.low is not None and not comparison.reliable else text


def format_counts(comparison: Comparison) -> str:
    """On how many examples B is better, equal and worse."""
    if comparison.better is None:
        return numbers.NOTHING
    return f"{comparison.better:,} / {comparison.equal:,} / {comparison.worse:,}"


def format_cost(side: ComparedStrategy) -> str:
    """The total cost of one run."""
    return numbers.money(side.costs.total_price, side.costs.currency) if side.costs else numbers.NOTHING


def _side(side: ComparedStrategy, letter: str, with_run: bool) -> str:
    seeds = [numbers.plural(len(side.seeds), "seed")] if side.seeds else []
    return f"{side.label.removesuffix(f' ({letter})')} ({', '.join([letter, *seeds, *([side.run] if with_run else [])])})"


def _not_worse(view: ComparisonView) -> str:
    claim, unit, a, b = view.not_worse, view.primary.unit, view.a.label, view.b.label
    if claim is None or claim.loss is None or claim.most is None:
        return ""
    margin = numbers.margin(claim.margin)
    limit = f"at most {numbers.score(claim.most, unit)} worse" if claim.most > 0 else f"at least {numbers.score(-claim.most, unit)} better"
    conclusions = {
        "PASS": f"PASS: {b} is not worse than {a} by more than Δ = {margin}; it is {limit}",
        "FAIL": f"FAIL: {b} is worse than {a} by more than Δ = {margin}",
        "INCONCLUSIVE": f"INCONCLUSIVE: it is not shown that {b} is not worse than {a} by more than Δ = {margin}; it is {limit}",
    }
    doubt = "" if claim.reliable else ", low confidence"
    needed = describe_sample_size(claim.sample_size)
    return f"{conclusions[claim.outcome]} (one-sided, 95%{doubt}). {needed}".strip()


def _detectable(view: ComparisonView) -> str:
    comparison, unit = view.primary.comparison, view.primary.unit
    if comparison.detectable is None:
        return ""
    difference = numbers.with_unit(numbers.score(comparison.detectable, unit), unit)
    return f"A test set like this detects a difference of {difference} with 80% power."


def _seeds(view: ComparisonView) -> list[str]:
    spread, unit = view.over_seeds, view.primary.unit
    if spread is not None:
        interval = numbers.signed_interval(spread.low, spread.high, unit)
        share = numbers.percent(spread.seed_share, 1)
        fewest = min(len(side.seeds) for side in (view.a, view.b) if side.varies_by_seed)
        weak = " Two seeds give only a weak estimate of their spread." if fewest == 2 else ""
        due = f"95% CI; {share} of its variance is due to seeds"
        return [f"Over other test examples and other seeds, the mean difference is {interval} ({due}).{weak}"]
    single = [side.label for side in (view.a, view.b) if side.varies_by_seed and len(side.seeds) < 2]
    return [_single_seeds(single)] if single else []


def _single_seeds(labels: Sequence[str]) -> str:
    return f"{list_names(labels, len(labels))} ran with one seed{' each' if len(labels) > 1 else ''}. Another seed could change this."


def _kept(view: ComparisonView) -> str:
    kept = view.kept
    if kept is None or kept.value is None or kept.low is None or kept.high is None:
        return ""
    ci = f"95% CI {numbers.share_interval(kept.low, kept.high)}{'' if kept.reliable else ', low confidence'}"
    return f"{view.b.label} delivers {numbers.share(kept.value)} of the improvement of {view.a.label} over the untuned model ({ci})."


def _reductions(view: ComparisonView) -> list[str]:
    sentences = []
    for name, reduction in view.reductions.items():
        if name in view.unchecked:
            continue
        rates = f"{score_name(name)}: {_rate(reduction.before, reduction.unit)} → {_rate(reduction.after, reduction.unit)}"
        if reduction.value is None or reduction.low is None or reduction.high is None:
            sentences.append(f"{rates}. {view.a.label} makes too few errors to compute a relative change.")
        else:
            doubt = "" if reduction.reliable else ", low confidence"
            interval = numbers.fewer_interval(reduction.low, reduction.high)
            sentences.append(f"{rates} ({numbers.fewer(reduction.value)}; 95% CI {interval}{doubt}).")
    return sentences


def _rate(value: float, unit: str) -> str:
    return numbers.share(value) if unit == "fraction" else numbers.score(value, unit)


def _costs(view: ComparisonView) -> str:
    """What one run of each took; of external outputs only the price is known, where it was given."""
    a, b = view.a.costs, view.b.costs
    if a is None or b is None:
        return ""
    prices = f"{format_cost(view.b)} vs. {format_cost(view.a)}"
    if not a.timed or not b.timed:
        return f"One run of B costs {prices}; of external outputs only the price of the outputs is known."
    times = f"{numbers.seconds(b.total_seconds)} vs. {numbers.seconds(a.total_seconds)} ({b.total_seconds / a.total_seconds:.1f}×)"
    return f"One run of B takes {times} and costs {prices}."
