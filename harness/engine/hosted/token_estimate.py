"""How many tokens a text has, without the tokenizer of the host: from its bytes, with the range that common tokenizers fall into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.types import ApiSpec, Turn

# Bytes of UTF-8 per token. Measured with the tokenizer of SmolLM2 (49,152 tokens) on the texts of the included tasks: 3.3 to 3.6 on
# average, 2.7 to 5.3 for 90% of texts; 2.6 for a German sentence, 1.6 for a Japanese one, 1.3 for numbers in JSON. Larger vocabularies
# need fewer tokens.
_BYTES, _MOST_BYTES, _FEWEST_BYTES, _FEWEST_BYTES_OF_SYMBOLS = 3.7, 5.5, 2.0, 1.2
_LETTERS = 0.7  # a text with a smaller share of ASCII letters and spaces counts as symbols
_PER_TURN, _FEWEST_PER_TURN, _MOST_PER_TURN = 4, 0, 12  # what a chat template adds


@dataclass(frozen=True)
class RangedEstimate:
    """An estimate with the range that it is expected in."""

    value: float
    low: float
    high: float

    def __add__(self, other: RangedEstimate) -> RangedEstimate:
        return RangedEstimate(self.value + other.value, self.low + other.low, self.high + other.high)


NOTHING = RangedEstimate(0.0, 0.0, 0.0)


def estimate_tokens(text: str) -> RangedEstimate:
    """The tokens of a text."""
    size = len(text.encode("utf-8", "replace"))
    letters = sum(char.isascii() and (char.isalpha() or char == " ") for char in text)
    fewest = _FEWEST_BYTES if letters >= _LETTERS * len(text) else _FEWEST_BYTES_OF_SYMBOLS
    return RangedEstimate(size / _BYTES, size / _MOST_BYTES, size / fewest)


def estimate_prompt(turns: Sequence[Turn]) -> RangedEstimate:
    """The tokens of a chat prompt."""
    around = RangedEstimate(_PER_TURN * len(turns), _FEWEST_PER_TURN * len(turns), _MOST_PER_TURN * len(turns))
    return sum((estimate_tokens(turn.content) for turn in turns), around)


def estimate_answer(references: Sequence[str], most: int) -> RangedEstimate:
    """The tokens of an answer that is as long as the references; at most as many as may be generated, and at least one."""
    if not references:
        return RangedEstimate(most / 2, 1, most)
    sizes = [estimate_tokens(text).value for text in references]
    return RangedEstimate(min(most, max(1.0, sum(sizes) / len(sizes))), 1, most)


def estimate_price(spec: ApiSpec, prompt: RangedEstimate, answer: RangedEstimate) -> RangedEstimate | None:
    """What one answer costs; None without a price."""
    if spec.price is None:
        return None
    price = spec.price
    return RangedEstimate(
        *(price.of_tokens(*pair) for pair in ((prompt.value, answer.value), (prompt.low, answer.low), (prompt.high, answer.high)))
    )
