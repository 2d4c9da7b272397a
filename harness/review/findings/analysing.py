"""A packet's ratings in, what they say out."""

from __future__ import annotations

from statistics import median

from harness.review.findings.agreement import Agreement, Level, agreement
from harness.review.findings.findings import Findings, Rater
from harness.review.findings.judging import answered, error_rates, outcome, preferences, scale_scores, times
from harness.review.findings.metric_agreement import metric_agreement
from harness.review.packets import columns_of
from harness.review.ratings import Judged, Judgements, Review
from harness.statistics import clopper_pearson_interval
from harness.store import StoredRun


def findings_of(run: StoredRun, review: Review) -> Findings:
    """Everything that is said about a packet.

    Raises:
        BenchError: the rows or the outputs that were judged are missing or damaged.
    """
    examples = run.examples(review.packet.task)
    judgements = Judgements(review, examples)
    mode = review.packet.mode
    asked = [j for j in review.packet.judgements if review.key.shown[j.id].repeats is None]
    return Findings(
        packet=review.packet.id,
        task=review.packet.task,
        mode=mode,
        created=review.packet.created,
        sampling=review.key.sampling,
        generalises=review.key.generalises,
        rows_asked=len(review.key.chances),
        rows=len({each.example for each in judgements.first}),
        population=review.key.population,
        asked=len(asked),
        made=len({each.rating.item for each in judgements.first}),
        superseded=review.superseded,
        base=judgements.base,
        preferences=preferences(judgements) if mode == "pairwise" else (),
        errors=error_rates(judgements) if mode == "errors" else (),
        scales=scale_scores(judgements) if mode == "scales" else (),
        times=times(judgements) if mode != "pairwise" else (),
        agreement=_agreements(judgements),
        raters=tuple(_rater(judgements, name) for name in _raters(judgements)),
        metrics=metric_agreement(run, judgements),
        corrected=sum(each.rating.corrected is not None for each in judgements.every),
        comments=sum(bool(each.rating.comment) for each in judgements.every),
    )


def _raters(judgements: Judgements) -> list[str]:
    """Those who were asked, and whoever else has answered."""
    return list(dict.fromkeys([*judgements.packet.raters, *(each.rating.rater for each in judgements.every)]))


def _rater(judgements: Judgements, name: str) -> Rater:
    from scipy.stats import binomtest

    own = [each for each in judgements.every if each.rating.rater == name]
    said = {each.rating.item: each for each in own}
    again = [
        (said[shown.repeats], each) for each in own if (shown := judgements.key.shown[each.rating.item]).repeats in said and shown.repeats
    ]
    sides = [each.rating.answers["preference"] for each in own if not each.again] if judgements.packet.mode == "pairwise" else []
    decided, left = sum(side in ("A", "B") for side in sides), sides.count("A")
    interval = clopper_pearson_interval(left, decided) if decided else None
    seconds = [each.rating.seconds for each in own if each.rating.seconds]
    return Rater(
        name=name,
        asked=sum(j.rater == name.partition("/")[0] for j in judgements.packet.judgements),  # in Label Studio several may do one's tasks
        made=len(own),
        repeated=len(again),
        repeated_same=sum(_meant(one) == _meant(other) for one, other in again),
        decided=decided,
        left=left,
        left_low=interval.low if interval else None,
        left_high=interval.high if interval else None,
        left_p=float(binomtest(left, decided).pvalue) if decided else None,
        median_seconds=median(seconds) if seconds else None,
    )


def _meant(each: Judged) -> object:
    """The answer, whichever side the outputs stood on."""
    return outcome(each) if len(each.sides) == 2 else tuple(each.rating.answers.items())


def _agreements(judgements: Judgements) -> dict[str, dict[Level, Agreement]]:
    """Of each question: as names, and in the order that its answers have."""
    units = {_unit(each): judgements.cluster_of(each.example) for each in judgements.first}
    found: dict[str, dict[Level, Agreement]] = {}
    for question, levels in _numbered(judgements).items():
        for level, numbers in levels.items():
            answers: dict[str, dict[str, int]] = {}
            for each in judgements.first:
                answers.setdefault(_unit(each), {})[each.rating.rater] = numbers[answered(each, question)]
            one = agreement(answers, len(set(numbers.values())), level, clusters=units)
            if one is not None:
                found.setdefault(question, {})[level] = one
    return found


def _unit(each: Judged) -> str:
    """What raters may agree about: the output, or the pair, of a row."""
    return f"{each.example}\0{'/'.join(sorted(each.sides))}"


def _numbered(judgements: Judgements) -> dict[str, dict[Level, dict[str, int]]]:
    """The number of each answer, by question and level. In order, "both bad" is as undecided as a tie."""
    if judgements.packet.mode == "pairwise":
        names = {"first": 0, "tie": 1, "both bad": 2, "second": 3}
        return {"preference": {"nominal": names, "ordinal": {"first": 0, "tie": 1, "both bad": 1, "second": 2}}}
    questions = {question: {answer: k for k, answer in enumerate(own)} for question, own in columns_of(judgements.packet).items()}
    return {question: {"nominal": numbers, "ordinal": numbers} for question, numbers in questions.items()}
