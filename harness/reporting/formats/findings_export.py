"""Findings of reviews as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from harness.review import Findings
from harness.store import to_jsonable


def findings_to_json(packets: Sequence[Findings]) -> dict[str, Any]:
    """`{"packets": [...]}` with every number of the findings; a number that does not exist is null, never NaN."""
    return {"packets": [to_jsonable(asdict(findings)) for findings in packets]}
