"""What is known of each judge, for the JSON report. Prompts, answers and reasons stay in the run's folder: they quote the data."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from harness.judging import count_missing
from harness.reporting.wording import judge_wording
from harness.review.findings import JudgeFindings


def judge_to_json(findings: JudgeFindings) -> dict[str, Any]:
    """What the judge says, how biased it is, how far it agrees with raters, and what it is worth beside them.

    `checked_by` is the packet of the raters; without one, the verdicts decide nothing.
    """
    record, spec = findings.record, findings.record.judge
    judgements = record.judgements
    price = None if spec.api is None else spec.api.price
    return {
        "task": record.task,
        "judge": spec.name,
        "kind": spec.kind,
        "criterion": spec.criterion,
        "questions": list(spec.questions),
        "model": spec.model_name,
        "host": record.host or None,
        "created": record.created,
        "strategies": list(record.cells),
        "own": list(record.own),
        "answers": len(judgements),
        "verdicts": dict(sorted(Counter(each.verdict for each in judgements if each.verdict).items())),
        "missing": count_missing(judgements),
        "why_missing": dict(Counter(each.why_missing for each in judgements if each.why_missing)),
        "price": None if price is None else sum(each.price for each in judgements),
        "currency": None if price is None else price.currency,
        "reliable": findings.is_reliable,
        "scores": {name: asdict(score) for name, score in findings.scores.items()},
        "wins": [{"strategy": one, "against": other} | asdict(share) for (one, other), share in findings.wins.items()],
        "biases": asdict(findings.biases)
        | {
            "length": asdict(findings.length),
            "own": asdict(findings.own),
            "length_association": None if findings.length_association is None else asdict(findings.length_association),
        },
        "checked_by": findings.packet or None,
        "agreement": None if findings.agreement is None else asdict(findings.agreement),
        "worth": [asdict(each) for each in findings.worth],
        "sentences": [judge_wording.judge_headline(findings), judge_wording.describe_role(findings)],
    }
