"""What a node says about itself, and whether it computes what the machine that starts the run would compute."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from harness.engine.models import find_device
from harness.errors import BenchError
from harness.measure import code_digest, get_result_versions

_CODE = "code of bench"


def get_node_versions() -> dict[str, str]:
    """Everything whose version can change a result, by name."""
    return {"python": platform.python_version(), **get_result_versions(), _CODE: code_digest()[:12]}


def report_node(dtype: str) -> dict[str, Any]:
    """The versions and the device of this machine; `problem` in place of the device if it cannot compute in `dtype`."""
    report: dict[str, Any] = {"versions": get_node_versions()}
    try:
        return report | {"device": asdict(find_device(dtype))}
    except BenchError as error:
        return report | {"problem": str(error)}


def find_version_problem(expected: Mapping[str, str], actual: Mapping[str, str]) -> str:
    """How the versions of a node differ from those of the machine that starts the run; empty if they are equal."""
    names = sorted(name for name in {*expected, *actual} if expected.get(name) != actual.get(name))
    return ", ".join(f"{name} {actual.get(name, 'is missing')} instead of {expected.get(name, 'none')}" for name in names)
