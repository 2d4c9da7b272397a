"""What people said, in words and in rows of tables: the same in the terminal and in the report."""

from __future__ import annotations

from collections.abc import Sequence

from harness.reporting.views.view import ReviewView, TextTable
from harness.reporting.wording import numbers
from harness.review import Findings
from harness.review.findings import Agreement, Change, ErrorRate, Preference
from harness.types import Score

_GOOD_ALPHA, _POOR_ALPHA = 0.8, 0.667  # Krippendorff 2004, "Content Analysis", section 11.4


def review_view(found: Findings) -> ReviewView:
    """What the report shows of a packet."""
    return ReviewView(
        packet=found.packet,
        mode=found.mode,
        headline=headline(found),
        limits=tuple(limits(found)),
        rows=found.rated_examples,
        rows_asked=found.sampled_examples,
        made=found.rated_items,
        asked=found.items,
        tables=tuple(results(found)),
        behind=tuple(backing(found)),
    )


def headline(found: Findings) -> str:
    """What people say, in a sentence."""
    if not found.rated_items:
        return f"Nobody has rated anything of packet {found.packet} yet."
    if found.preferences:
        best = max(found.preferences, key=lambda p: 0.0 if p.win_rate.value is None else abs(p.win_rate.value - 0.5))
        return " ".join(_preferred(p) for p in found.preferences if p is best or decided(p)) or _preferred(best)
    if found.error_rates:
        return " ".join(_critical(e) for e in found.error_rates)
    return " ".join(
        f"{s.strategy}: {s.mean.value:.2f} of {len(s.answers)} on {s.scale}{_spread(s.mean, 2)}."
        for s in found.scale_scores
        if s.mean.value is not None
    )


def decided(preference: Preference) -> bool:
    """Whether the interval of the win rate is clear of one half, and the sign test, where there is one, says so, too."""
    low, high = preference.win_rate.low, preference.win_rate.high
    clear = low is not None and high is not None and (low > 0.5 or high < 0.5)
    if preference.sign_test_p is None:
        return clear and preference.win_rate.reliable
    return clear and preference.sign_test_p < 0.05


def _preferred(p: Preference) -> str:
    if p.win_rate.value is None:
        return f"{p.strategy} against {p.against}: nothing was judged."
    better, worse, rate = (
        (p.strategy, p.against, p.win_rate.value) if p.win_rate.value >= 0.5 else (p.against, p.strategy, 1 - p.win_rate.value)
    )
    low, high = (p.win_rate.low, p.win_rate.high) if p.win_rate.value >= 0.5 else (_turned(p.win_rate.high), _turned(p.win_rate.low))
    spread = f" (95 % interval {numbers.share(low)} to {numbers.share(high)})" if low is not None and high is not None else ""
    said = f"People prefer {better} to {worse} in {numbers.share(rate)} of {numbers.plural(p.win_rate.n, 'row')}{spread}, ties counted half"
    return f"{said}." if decided(p) else f"{said}: which is better is undecided."


def _turned(end: float | None) -> float | None:
    return None if end is None else 1 - end


def _critical(e: ErrorRate) -> str:
    if e.critical.value is None:
        return f"{e.strategy}: nothing was judged."
    said = f"{e.strategy}: a critical error in {numbers.share(e.critical.value)} of {numbers.plural(e.critical.n, 'output')}"
    spread = (
        f" (95 % interval {numbers.share(e.critical.low)} to {numbers.share(e.critical.high)})"
        if e.critical.low is not None and e.critical.high is not None
        else ""
    )
    return f"{said}{spread}."


def limits(found: Findings) -> list[str]:
    """What the numbers do not say, in sentences."""
    said = []
    if not found.representative:
        said.append("The rows were chosen because they are hard: these rates are about them, and say nothing about the other test rows.")
    elif found.sampling != "random":
        how = f"Rows were drawn with unequal chances (--sample {found.sampling})"
        said.append(f"{how}; each counts as 1/chance, so the rates are those of all test rows.")
    if found.rated_items and found.rated_examples < found.population and found.representative:
        these = f"these are {found.rated_examples:,} of {found.population:,}"
        said.append(f"Intervals say how much other test rows could change a rate; {these}. They do not cover other raters.")
    if found.rated_items < found.items:
        said.append(f"{found.items - found.rated_items:,} of {found.items:,} judgements are missing.")
    said += [s for s in (_agreed(question, of.get("ordinal")) for question, of in found.agreement.items()) if s]
    biased = [r.name for r in found.raters if r.left_p is not None and r.left_p < 0.05 / max(1, len(found.raters))]
    if biased:
        often = f"{', '.join(biased)} chose one side more often than chance would have it"
        said.append(f"{often}; sides are balanced, so that costs precision and favours nobody.")
    return said


def _agreed(question: str, found: Agreement | None) -> str:
    alpha = found.alpha if found is not None else None
    if alpha is None:
        return ""
    if alpha >= _GOOD_ALPHA:
        return f"Raters agree well on {question} (Krippendorff's α {alpha:.2f})."
    if alpha >= _POOR_ALPHA:
        return f"Raters agree on {question} well enough for tentative conclusions (Krippendorff's α {alpha:.2f})."
    return f"Raters agree little on {question} (Krippendorff's α {alpha:.2f}; below 0.67 conclusions are doubtful)."


def results(found: Findings) -> list[TextTable]:
    """What people said of the strategies, as tables; those without a row are left out."""
    every = [_preferences(found), _errors(found), _kinds(found), _scales(found), _times(found)] if found.rated_items else []
    return [table for table in every if table.rows]


def backing(found: Findings) -> list[TextTable]:
    """How far they agree, who they are, and which scores agree with them."""
    every = [_agreement(found), _raters(found), _metrics(found)]
    return [table for table in every if table.rows]


def _preferences(found: Findings) -> TextTable:
    rows = [
        (
            f"{p.strategy} against {p.against}", *_score(p.win_rate), numbers.count(p.wins), numbers.count(p.losses), numbers.count(p.ties),
            numbers.count(p.both_bad), f"{p.examples_for} : {p.examples_against}", _p(p.sign_test_p),
        )
        for p in found.preferences
    ]  # fmt: skip
    columns = ("pair", "win rate", "95 % interval", "won", "lost", "tie", "both bad", "rows for : against", "sign test p")
    under = "The win rate counts ties and “both bad” half, as the mean of the raters of each row; counts are of judgements."
    return _table("Which people prefer", columns, rows, under)


def _errors(found: Findings) -> TextTable:
    rows = [
        (
            e.strategy, *_score(e.critical), *_score(e.any_error), *_change(e.change, 1, "points"),
            numbers.fewer(e.reduction.value) if e.reduction and e.reduction.value is not None else numbers.NOTHING,
        )
        for e in found.error_rates
    ]  # fmt: skip
    columns = (
        "strategy",
        "critical errors",
        "95 % interval",
        "any error",
        "95 % interval",
        f"to {found.baseline or numbers.NOTHING}",
        "95 % interval",
        "p",
        "relative",
    )
    under = "A row counts where at least half of its raters found such an error. Intervals of rates are exact where rows are independent."
    return _table("Errors that people found", columns, rows, under)


def _kinds(found: Findings) -> TextTable:
    names = list(dict.fromkeys(kind for e in found.error_rates for kind in e.kinds))
    rows = [(e.strategy, *(numbers.share(e.kinds.get(name, 0.0)) for name in names)) for e in found.error_rates if names]
    return _table("Kinds of errors", ("strategy", *names), rows, "The share of rows on which at least half of the raters marked it.")


def _scales(found: Findings) -> TextTable:
    rows = []
    for s in found.scale_scores:
        mean = f"{s.mean.value:.2f}" if s.mean.value is not None else numbers.NOTHING
        rows.append((s.strategy, s.scale, mean, _interval(s.mean, 2), f"1 to {len(s.answers)}", *_change(s.change, 2)))
    columns = ("strategy", "scale", "mean", "95 % interval", "range", f"to {found.baseline or numbers.NOTHING}", "95 % interval", "p")
    return _table("How good people find it", columns, rows, "1 is the worst answer of a scale.", words=2)


def _times(found: Findings) -> TextTable:
    rows = []
    for t in found.rating_times:
        spread = f"{_ratio(t.low)} to {_ratio(t.high)}" if t.low is not None else ""
        rows.append((t.strategy, numbers.seconds(t.median_seconds), numbers.count(t.ratings), _ratio(t.ratio), spread))
    columns = ("strategy", "median", "judgements", f"times {found.baseline or numbers.NOTHING}", "95 % interval")
    under = (
        "Seconds in which the page was seen and somebody was there; the ratio is of geometric means, of the same raters on the same rows."
    )
    return _table("How long a judgement takes", columns, rows, under)


def _agreement(found: Findings) -> TextTable:
    rows = []
    for question, level, a in ((question, level, a) for question, levels in found.agreement.items() for level, a in levels.items()):
        kappas = "; ".join(f"{one} and {other} {kappa:.2f} (n = {n})" for (one, other), (kappa, n) in list(a.cohen.items())[:10])
        spread = f"{a.low:.2f} to {a.high:.2f}" if a.low is not None and a.high is not None else ""
        name = question if level == "nominal" else f"{question}, in order"
        rows.append((name, _two(a.alpha), spread, numbers.count(a.units), _two(a.fleiss), kappas or numbers.NOTHING))
    columns = ("question", "α", "95 % interval", "units", "Fleiss’ κ", "Cohen’s κ")
    order = "“in order” lets near answers count as near, and weighs Cohen’s κ quadratically"
    under = f"Krippendorff’s α: 1 is perfect, 0 is chance; {order}."
    return _table("How far raters agree", columns, rows, under, words=1)


def _raters(found: Findings) -> TextTable:
    rows = []
    for r in found.raters:
        side = (
            f"{numbers.share(r.left_wins / r.decided)} ({numbers.share(r.left_low)} to {numbers.share(r.left_high)})"
            if r.decided
            else numbers.NOTHING
        )
        again = f"{r.repeated_same} of {r.repeated}" if r.repeated else numbers.NOTHING
        rows.append((r.name, f"{r.rated} of {r.items}", again, side, numbers.seconds(r.median_seconds)))
    return _table("Who rated", ("rater", "judgements", "same again", "left side wins", "median time"), rows)


def _metrics(found: Findings) -> TextTable:
    rows = []
    for m in found.metric_agreement:
        spread = f"{_two(m.low)} to {_two(m.high)}" if m.low is not None else ""
        rows.append((m.metric, m.measure, _two(m.value), spread, numbers.count(m.n)))
    pairs = "Of pairs, the share on which the score prefers what people prefer (0.5 is chance)"
    under = f"{pairs}; of single outputs Kendall’s τ-b with their mean answer (0 is chance)."
    return _table("How well scores agree with people", ("score", "measure", "agreement", "95 % interval", "n"), rows, under, words=2)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], under: str = "", words: int = 1) -> TextTable:
    return TextTable(title, tuple(columns), tuple(k >= words for k in range(len(columns))), tuple(tuple(row) for row in rows), under)


def _score(score: Score) -> tuple[str, str]:
    return (
        numbers.share(score.value),
        f"{numbers.share(score.low)} to {numbers.share(score.high)}{_confidence(score)}" if score.low is not None else "",
    )


def _interval(score: Score, decimals: int) -> str:
    return (
        f"{score.low:.{decimals}f} to {score.high:.{decimals}f}{_confidence(score)}"
        if score.low is not None and score.high is not None
        else ""
    )


def _spread(score: Score, decimals: int) -> str:
    spread = _interval(score, decimals)
    return f" (95 % interval {spread})" if spread else ""


def _confidence(score: Score) -> str:
    return "" if score.reliable else ", low confidence"


def _change(change: Change | None, decimals: int, unit: str = "") -> tuple[str, str, str]:
    """A difference, its interval and p; of rates in points of a hundred."""
    if change is None:
        return (numbers.NOTHING, "", "")
    value, low, high = (_signed(end, decimals, unit) for end in (change.value, change.low, change.high))
    return (f"{value} {unit}".rstrip(), f"{low} to {high}" if change.low is not None else "", _p(change.p_value))


def _signed(value: float | None, decimals: int, unit: str) -> str:
    if value is None:
        return numbers.NOTHING
    return f"{value * (100 if unit == 'points' else 1):+.{decimals}f}".replace("-", "−")


def _p(value: float | None) -> str:
    return numbers.p_value(value).removeprefix("p ").removeprefix("= ") if value is not None else numbers.NOTHING


def _two(value: float | None) -> str:
    return numbers.NOTHING if value is None else f"{value:.2f}".replace("-", "−")


def _ratio(value: float | None) -> str:
    return numbers.NOTHING if value is None else f"{value:.2f}×"
