"""A packet's ratings in, what they say out."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from harness.analysis import clopper_pearson_interval
from harness.review.agreement import Agreement, agreement
from harness.review.findings import Findings, Rater
from harness.review.judging import answered, error_rates, outcome, preferences, scale_scores, times
from harness.review.metric_agreement import metric_agreement
from harness.review.packet import SEVERITIES
from harness.review.ratings import Review
from harness.review.rows import Judged, Judgements
from harness.store import Run


def findings_of(run: Run, review: Review) -> Findings:
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
        made=len(judgements.first),
        superseded=review.superseded,
        base=judgements.base,
        preferences=preferences(judgements) if mode == "pairwise" else (),
        errors=error_rates(judgements) if mode == "errors" else (),
        scales=scale_scores(judgements) if mode == "scales" else (),
        times=times(judgements) if mode != "pairwise" else (),
        agreement=_agreements(judgements),
        raters=tuple(_rater(judgements, name) for name in _raters(judgements)),
        metrics=metric_agreement(run, judgements, examples),
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
        asked=sum(j.rater == name for j in judgements.packet.judgements),
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


def _agreements(judgements: Judgements) -> dict[str, Agreement]:
    """Of each question: nominal, and where its answers are in order, ordinal."""
    units = {f"{each.example}\0{'/'.join(sorted(each.sides))}": judgements.cluster_of(each.example) for each in judgements.first}
    questions: dict[str, tuple[str, int, Mapping[object, int]]] = {}
    if judgements.packet.mode == "pairwise":
        questions["preference"] = ("nominal", 4, {"first": 0, "tie": 1, "both bad": 2, "second": 3})
        questions["preference, in order"] = ("ordinal", 3, {"first": 0, "tie": 1, "both bad": 1, "second": 2})
    elif judgements.packet.mode == "errors":
        numbers: dict[object, int] = {name: k for k, name in enumerate(SEVERITIES)}
        questions |= {"severity": ("nominal", 3, numbers), "severity, in order": ("ordinal", 3, numbers)}
    else:
        for scale in judgements.packet.questions.scales:
            order: dict[object, int] = {name: k for k, name in enumerate(scale.answers)}
            questions[scale.name] = ("nominal", len(order), order)
            questions[f"{scale.name}, in order"] = ("ordinal", len(order), order)
    found = {}
    for name, (level, count, numbers_of) in questions.items():
        answers: dict[str, dict[str, int]] = {}
        for each in judgements.first:
            unit = f"{each.example}\0{'/'.join(sorted(each.sides))}"
            answers.setdefault(unit, {})[each.rating.rater] = numbers_of[answered(each, name.removesuffix(", in order"))]
        one = agreement(answers, count, "ordinal" if level == "ordinal" else "nominal", clusters=units)
        if one is not None:
            found[name] = one
    return found
