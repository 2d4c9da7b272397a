"""Findings of reviews, and plans of ratings, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from harness.review import Findings, RatingPlan
from harness.store import to_jsonable


def findings_to_json(packets: Sequence[Findings]) -> dict[str, Any]:
    """`{"packets": [...]}` with every number of the findings; a number that does not exist is null, never NaN."""
    return {"packets": [to_jsonable(asdict(findings)) for findings in packets]}


def rating_plan_to_json(plan: RatingPlan) -> dict[str, Any]:
    """Every number of a plan of ratings; one that does not exist is null."""
    content: dict[str, Any] = to_jsonable(asdict(plan))
    return content
