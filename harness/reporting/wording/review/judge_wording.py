"""What a judge is asked, and what it has said: sentences for the terminal and for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from harness.judging import JudgeRecord, WhyMissing, count_missing
from harness.reporting.wording import numbers
from harness.reporting.wording.headings import CONFIDENCE_INTERVAL
from harness.reporting.wording.hosted_sentences import describe_hosted_forecast
from harness.reporting.wording.names import list_names, strategy_in_sentence
from harness.review.findings import JudgeFindings
from harness.statistics import FEWEST_RATINGS
from harness.types import HostedForecast, JudgeSpec, Score

_WHY_MISSING: dict[WhyMissing, str] = {
    "no_verdict": "no verdict in the answer",
    "several_verdicts": "several verdicts in one answer",
    "cut": "the answer was cut before its verdict",
    "refused": "refused by the host",
    "too_long": "the texts are longer than the model reads",
}


def describe_judge_plan(spec: JudgeSpec, strategies: Iterable[str], questions: int, hosted: HostedForecast | None) -> list[str]:
    """What a judge would be asked, and at what cost."""
    lines = [f"Judge {spec.name} would be asked {numbers.plural(questions, 'question')} about the outputs of {name_outputs(strategies)}."]
    if hosted is None:
        return [*lines, f"It is {spec.model}, a model of this machine: nothing is sent."]
    return [*lines, *describe_hosted_forecast(hosted)]


def describe_missing(record: JudgeRecord) -> str:
    """How many answers have no verdict, and why."""
    reasons = Counter(each.why_missing for each in record.judgements if each.why_missing)
    listed = ", ".join(f"{_WHY_MISSING[reason]}: {count:,}" for reason, count in reasons.most_common() if reason)
    return f"{count_missing(record.judgements):,} of {len(record.judgements):,} answers have no verdict and count as missing ({listed})."


SECTION = "Judges"
ASKED = "What the judge was asked"
_KINDS = {
    "pairwise": "which of two outputs is better, in both orders",
    "rubric": "to rate each output",
    "questions": "questions about each output, to answer with yes or no",
}


def judge_headline(findings: JudgeFindings) -> str:
    """Whether the judge is checked, and what it is worth."""
    name, agreement = findings.record.judge.name, findings.agreement
    unsure = "" if findings.is_reliable else " Too many of its answers have no verdict to rely on the others."
    if not findings.packet:
        return f"Judge {name} is not checked: without ratings of these outputs, its verdicts decide nothing.{unsure}"
    if agreement is None:
        return f"Judge {name} cannot be compared with the raters: it has too few verdicts on what they rated, which decide nothing.{unsure}"
    if agreement.agrees:
        return f"Judge {name} agrees with the raters. {_describe_worth(findings)}{unsure}"
    return f"Judge {name} is not shown to agree with the raters. {_describe_worth(findings)}{unsure}"


def describe_role(findings: JudgeFindings) -> str:
    """What a judge may decide."""
    if not findings.packet:
        return "Its verdicts enter no score, guardrail or decision. Have people rate some of the outputs (bench review export) to check it."
    return "Its verdicts enter the decision only together with ratings, which correct its errors; a judge never decides by itself."


def describe_asked(findings: JudgeFindings) -> str:
    """What was asked of which model, how often, and what came of it."""
    record, spec = findings.record, findings.record.judge
    where = f"on {record.host}" if record.host else "on this machine"
    total, cached = len(record.judgements), sum(each.from_cache for each in record.judgements)
    paid = sum(each.price for each in record.judgements)
    currency = spec.api.price.currency if spec.api is not None and spec.api.price is not None else ""
    cost = f", for {numbers.money(paid, currency)}" if currency else ""
    reused = f" ({cached:,} from the cache)" if cached else ""
    times = f", {spec.repeats} times each" if spec.repeats > 1 else ""
    seen = " It also saw the reference." if spec.with_reference else ""
    missing = f" {describe_missing(record)}" if count_missing(record.judgements) else ""
    asked = f"{spec.model_name} {where} was asked {_KINDS[spec.kind]}{times}: {numbers.plural(total, 'answer')}{reused}{cost}."
    counts = Counter(each.verdict for each in record.judgements if each.verdict)
    verdicts = ", ".join(f"{verdict} ({counts[verdict]:,})" for verdict in spec.verdicts if counts[verdict]) or "none"
    return f"{asked} Verdicts: {verdicts}.{seen}{missing}"


def list_asked(findings: JudgeFindings) -> list[tuple[str, str]]:
    """The criterion, the scale and the questions, each with its title."""
    spec = findings.record.judge
    lines = [("Criterion", spec.criterion)] if spec.criterion.strip() else []
    if spec.kind == "rubric":
        meanings = "; ".join(f"{point}: {meaning}" for point, meaning in sorted(spec.meanings.items()))
        lines.append(("Scale", f"{spec.scale[0]} (worst) to {spec.scale[1]} (best){f'. {meanings}' if meanings else ''}"))
    return lines + [(f"Question {number}", question) for number, question in enumerate(spec.questions, 1)]


def describe_judge_agreement(findings: JudgeFindings) -> str:
    """How far the judge agrees with the raters; empty without ratings."""
    agreement = findings.agreement
    if agreement is None:
        return ""
    correlation = _with_interval(agreement.given_length)
    text = (
        f"Correlation with the raters of packet {findings.packet}, given the length of the output: {correlation}, where 0 is chance; "
        f"{numbers.plural(agreement.inputs, 'rated input')}."
    )
    within = agreement.within_input
    if within is not None and within.value is not None:
        interval = numbers.share_interval(within.low, within.high)
        shown = f" ({CONFIDENCE_INTERVAL} {interval})" if interval else ""
        text += f" Of two outputs that raters rate differently, it prefers the same one as they in {numbers.share(within.value)}{shown}."
    return text


def describe_judge(findings: JudgeFindings) -> list[str]:
    """Everything about a judge in sentences."""
    return [
        judge_headline(findings),
        describe_asked(findings),
        *filter(None, [describe_judge_agreement(findings)]),
        describe_role(findings),
    ]


def _describe_worth(findings: JudgeFindings) -> str:
    helped = [worth for worth in findings.worth if worth.combined.estimate is not None]
    if helped:
        best = max(helped, key=lambda worth: worth.combined.effective / max(1, worth.rated))
        effective = numbers.count(round(best.combined.effective))
        return f"Beside it, {numbers.plural(best.rated, 'rated example')} are worth about {effective}."
    reasons = {worth.combined.why_alone for worth in findings.worth}
    if "few_ratings" in reasons:
        return f"From {FEWEST_RATINGS} rated examples on, it may make results more precise."
    if reasons == {"all_rated"}:
        return "Every example is rated, so that it is not needed."
    return "It is worth nothing beside the ratings: it makes no result more precise."


def _with_interval(score: Score) -> str:
    value, low, high = (None if each is None else f"{each:.2f}".replace("-", "−") for each in (score.value, score.low, score.high))
    mark = "" if score.reliable else ", low confidence"
    interval = f" ({CONFIDENCE_INTERVAL} {low} to {high}{mark})" if low is not None else ""
    return f"{value or 'not defined'}{interval}"


def name_outputs(strategies: Iterable[str]) -> str:
    """The strategies in a sentence."""
    return list_names([strategy_in_sentence(name) for name in strategies])
