"""What a judge is asked, and what it has said: sentences for the terminal and for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from harness.judging import JudgeRecord, WhyMissing, count_missing
from harness.reporting.wording import numbers
from harness.reporting.wording.hosted_sentences import describe_hosted_forecast
from harness.reporting.wording.names import list_names, strategy_in_sentence
from harness.types import HostedForecast, JudgeSpec

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


def describe_judge_record(record: JudgeRecord) -> list[str]:
    """What a judge has answered, in a few lines."""
    spec, total = record.judge, len(record.judgements)
    counts = Counter(each.verdict for each in record.judgements if each.verdict)
    verdicts = ", ".join(f"{verdict}: {counts[verdict]:,}" for verdict in spec.verdicts if counts[verdict]) or "none"
    lines = [f"Judge {spec.name} ({spec.model_name}) answered {numbers.plural(total, 'question')}. Verdicts: {verdicts}."]
    if count_missing(record.judgements):
        lines.append(describe_missing(record))
    return lines


def describe_missing(record: JudgeRecord) -> str:
    """How many answers have no verdict, and why."""
    reasons = Counter(each.why_missing for each in record.judgements if each.why_missing)
    listed = ", ".join(f"{_WHY_MISSING[reason]}: {count:,}" for reason, count in reasons.most_common() if reason)
    return f"{count_missing(record.judgements):,} of {len(record.judgements):,} answers have no verdict and count as missing ({listed})."


def name_outputs(strategies: Iterable[str]) -> str:
    """The strategies in a sentence."""
    return list_names([strategy_in_sentence(name) for name in strategies])
