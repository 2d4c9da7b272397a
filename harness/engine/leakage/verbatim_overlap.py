"""How much of a target a model repeats word by word when it is given the beginning.

Some words are repeated by skill: a good summary of the same input uses the same terms. Only the comparison with examples that the model was
not trained on, and with the untuned model, shows what comes from memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from harness.engine.inference import Predictor
from harness.types import Example

PREFIX_TOKENS = 8  # of a target that are given; of a short target the first half
CONTINUED_TOKENS = 48


def measure_overlaps(predictor: Predictor, examples: Sequence[Example]) -> tuple[int, ...]:
    """For each example whose target has at least two tokens: the longest run of words that the greedy continuation of its beginning shares
    with the next `CONTINUED_TOKENS` tokens of the target, in words. Examples whose prompts leave no room for so many are left out."""
    targets = predictor.encoder.text_ids([predictor.target(example) for example in examples])
    prompts = predictor.prompts(examples)
    given, expected = [], []
    for prompt, target in zip(prompts, targets, strict=True):
        start = min(PREFIX_TOKENS, len(target) // 2)
        if start and len(prompt.ids) + start + CONTINUED_TOKENS <= predictor.max_length:
            given.append([*prompt.ids, *target[:start]])
            expected.append(predictor.encoder.text(target[start : start + CONTINUED_TOKENS]))
    outputs = predictor.continue_greedily(given, CONTINUED_TOKENS) if given else []
    return tuple(longest_shared_run(text, predictor.encoder.text(ids)) for text, ids in zip(expected, outputs, strict=True))


def longest_shared_run(a: str, b: str) -> int:
    """The number of words of the longest run of words that both texts have."""
    first, second = a.split(), b.split()
    return SequenceMatcher(None, first, second, autojunk=False).find_longest_match().size
