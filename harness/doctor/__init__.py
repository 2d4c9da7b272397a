"""Checks of this machine: what works, and how to fix what does not."""

from harness.doctor.checkup import Check, is_ready, list_checks, list_security_checks
from harness.doctor.finding import Finding

__all__ = [
    "Check",
    "Finding",
    "is_ready",
    "list_checks",
    "list_security_checks",
]
