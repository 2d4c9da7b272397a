"""Tables about a judge: what it says, and how biased it is; the same in the terminal and in the report."""

from __future__ import annotations

from harness.reporting.wording import numbers
from harness.reporting.wording.headings import CONFIDENCE_INTERVAL, LOW_CONFIDENCE_MARK, LOW_CONFIDENCE_NOTE
from harness.reporting.wording.names import strategy_in_sentence, strategy_name
from harness.reporting.wording.text_table import TextTable
from harness.review.findings import BiasComparison, JudgeFindings, WhyUnknown
from harness.types import Score

_WHY_UNKNOWN: dict[WhyUnknown, str] = {
    "one_strategy": "the outputs of one strategy were judged, so that there are no pairs",
    "equal_lengths": "no two outputs for one input differ in length",
    "no_verdicts": "no two outputs for one input have verdicts",
    "no_ratings": "without ratings of these outputs, what the judge prefers may simply be better",
    "only_own": "all judged outputs come from the judge’s own model or family",
    "none_own": "no judged output is known to come from the judge’s own model or family",
}
_NOT_MEASURABLE = "not measurable"
_LENGTH, _OWN = "prefers the longer output", "prefers outputs of its own model or family"


def list_judge_tables(findings: JudgeFindings) -> list[TextTable]:
    """What the judge says about the strategies, and how biased it is; tables without a row are left out."""
    return [table for table in (_list_verdicts(findings), _list_biases(findings)) if table.rows]


def _list_verdicts(findings: JudgeFindings) -> TextTable:
    rows: list[tuple[str, ...]] = [
        (f"{strategy_name(one)} preferred to {strategy_in_sentence(other)}", *_format_share(share), numbers.count(share.n))
        for (one, other), share in findings.wins.items()
    ]
    if findings.scores:
        rows = [
            (f"{strategy_name(name)}: {_name_score(findings)}", *_format_mean(findings, mean), numbers.count(mean.n))
            for name, mean in findings.scores.items()
        ] + rows
    notes = {
        "pairwise": "Each pair was shown in both orders; a verdict that changes with the order is a tie, and ties count as half.",
        "rubric": "The output with the better rating is preferred; equal ratings count as half.",
        "questions": "Of an output, the share of questions answered with yes; the output with the larger share is preferred, and equal "
        "shares count as half.",
    }
    columns = ("the judge says", "result", CONFIDENCE_INTERVAL, "examples")
    return _build_table("What the judge says", columns, rows, notes[findings.record.judge.kind])


def _list_biases(findings: JudgeFindings) -> TextTable:
    biases = findings.biases
    rows: list[tuple[str, ...]] = []
    for name, share in (
        ("verdict changes with the order", biases.flips),
        ("output shown first wins (no bias: 50%)", biases.first),
        ("same verdict when asked again", biases.repeats),
    ):
        if share is not None:
            rows.append((name, _join(share), numbers.NOTHING, numbers.NOTHING))
    if findings.length_association is not None:
        rows.append(
            ("rank correlation of score and length (no relation: 0)", _format_number(findings.length_association), *[numbers.NOTHING] * 2)
        )
    else:
        rows.append((_LENGTH, *_format_comparison(findings.length)))
    rows.append((_OWN, *_format_comparison(findings.own)))
    columns = (
        "question",
        f"judge ({CONFIDENCE_INTERVAL})",
        f"raters ({CONFIDENCE_INTERVAL})",
        f"judge less raters ({CONFIDENCE_INTERVAL})",
    )
    note = (
        "The judge: on all test examples. Raters: on those that they rated. The difference is taken on these, example by example: above 0, "
        f"the judge prefers such outputs more than raters do.{_explain_unknown(findings)}"
    )
    return _build_table("How biased it is", columns, rows, note)


def _format_comparison(bias: BiasComparison) -> tuple[str, str, str]:
    judge, raters = ((_join(share) if share is not None else numbers.NOTHING) for share in (bias.judge, bias.raters))
    return judge, raters, _NOT_MEASURABLE if bias.difference is None else format_points(bias.difference)


def _explain_unknown(findings: JudgeFindings) -> str:
    """Why a bias is not measurable, as sentences."""
    kinds = ((_LENGTH, findings.length), (_OWN, findings.own))
    whys = [(name, bias.why_unknown) for name, bias in kinds if bias.why_unknown]
    if len(whys) == 2 and whys[0][1] == whys[1][1]:
        return f" Not measurable: {_WHY_UNKNOWN[whys[0][1]]}."
    return "".join(f" “{name[:1].upper()}{name[1:]}” is not measurable: {_WHY_UNKNOWN[why]}." for name, why in whys)


def format_points(score: Score) -> str:
    """A difference of shares in percentage points, with its interval."""
    value, low, high = (None if each is None else f"{100 * each:+.0f}".replace("-", "−") for each in (score.value, score.low, score.high))
    interval = f" ({low} to {high}{_mark(score)})" if low is not None and high is not None else ""
    return f"{value} points{interval}"


def _format_share(score: Score) -> tuple[str, str]:
    interval = numbers.share_interval(score.low, score.high)
    return numbers.share(score.value), f"{interval}{_mark(score)}" if interval else ""


def _join(score: Score) -> str:
    value, interval = _format_share(score)
    return f"{value} ({interval})" if interval else value


def _format_number(score: Score) -> str:
    value, low, high = (None if each is None else f"{each:.2f}".replace("-", "−") for each in (score.value, score.low, score.high))
    return f"{value} ({low} to {high}{_mark(score)})" if low is not None else value or numbers.NOTHING


def _format_mean(findings: JudgeFindings, score: Score) -> tuple[str, str]:
    """The mean of a strategy's outputs: of a rubric on its own scale, otherwise a share."""
    spec = findings.record.judge
    if spec.kind != "rubric" or score.value is None:
        return _format_share(score)
    worst, best = spec.scale
    value, low, high = (None if each is None else f"{worst + each * (best - worst):.2f}" for each in (score.value, score.low, score.high))
    return f"{value}", f"{low}–{high}{_mark(score)}" if low is not None else ""


def _name_score(findings: JudgeFindings) -> str:
    worst, best = findings.record.judge.scale
    return f"mean rating, {worst} to {best}" if findings.record.judge.kind == "rubric" else "answers that are yes"


def _mark(score: Score) -> str:
    return "" if score.reliable else f" {LOW_CONFIDENCE_MARK}"


def _build_table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]], note: str) -> TextTable:
    if any(LOW_CONFIDENCE_MARK in cell for row in rows for cell in row):
        note = f"{note} {LOW_CONFIDENCE_NOTE}"
    return TextTable(title, columns, tuple(column > 0 for column in range(len(columns))), tuple(rows), note)
