"""What a phase took: seconds, peak memory, tokens, energy, money."""

from harness.measure.environment import STACK, code_digest, environment, usable_cores, versions_that_matter
from harness.measure.meter import Meter
from harness.measure.prices import Price, price_of

__all__ = [
    "STACK",
    "Meter",
    "Price",
    "code_digest",
    "environment",
    "price_of",
    "usable_cores",
    "versions_that_matter",
]
