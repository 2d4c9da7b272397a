"""What works on this machine, and what to do about what does not."""

from harness.doctor.checkup import checks, works
from harness.doctor.finding import Finding

__all__ = [
    "Finding",
    "checks",
    "works",
]
