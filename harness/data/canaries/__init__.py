"""Canaries: made-up secrets that the leak test plants in copies of training examples."""

from harness.data.canaries.formats import FORMATS, CanaryFormat
from harness.data.canaries.planting import Canary, CanarySet, draw_canaries, plant, write_sentence

__all__ = [
    "FORMATS",
    "Canary",
    "CanaryFormat",
    "CanarySet",
    "draw_canaries",
    "plant",
    "write_sentence",
]
