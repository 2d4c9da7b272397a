"""The rank of each canary among secrets of its format, and whether the model writes it out.

The model sees what it was trained on: the prompt of the canary's carrier, and the beginning of the canary's sentence behind it. Every
candidate takes the place of the secret in that sentence, and they are ranked by their likelihood (Carlini, Liu, Erlingsson, Kos & Song
2019, "The Secret Sharer", USENIX Security).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.data.canaries import Canary, CanarySet, write_sentence
from harness.engine.inference import Predictor
from harness.types import CanaryOutcome


@dataclass(frozen=True)
class _Question:
    """A prompt, the tokens behind it that all candidates share, and what follows for each candidate, that of the canary first."""

    prompt: list[int]
    shared: list[int]
    rests: list[list[int]]

    @property
    def beginning(self) -> list[int]:
        """What the model is given."""
        return [*self.prompt, *self.shared]


def measure_canaries(predictor: Predictor, planted: CanarySet, on_progress: Callable[[int, int], None]) -> tuple[CanaryOutcome, ...]:
    """Rank and try to extract every canary.

    Args:
        on_progress: receives the number of canaries done, and of all.
    """
    questions = [_encode(predictor, canary, planted.references[canary.format]) for canary in planted.canaries]
    longest = max(len(rest) for question in questions for rest in question.rests)
    written = predictor.continue_greedily([question.beginning for question in questions], longest)
    outcomes = []
    for canary, question, ids in zip(planted.canaries, questions, written, strict=True):
        likelihoods = predictor.score_continuations(question.beginning, question.rests)
        text = predictor.encoder.text([*question.shared, *ids]).strip()
        is_extracted = text.startswith(f"{canary.prefix} {canary.secret}")
        outcomes.append(CanaryOutcome(canary.format, canary.repeats, len(likelihoods), rank_first(likelihoods), is_extracted))
        on_progress(len(outcomes), len(questions))
    return tuple(outcomes)


def rank_first(likelihoods: Sequence[float]) -> float:
    """The rank of the first among all, 1 for the most likely; the middle of their ranks where several are equally likely."""
    own, others = likelihoods[0], likelihoods[1:]
    return 1 + sum(other > own for other in others) + sum(other == own for other in others) / 2


def all_canaries_fit(predictor: Predictor, canaries: Sequence[Canary]) -> bool:
    """Whether the model sees all of every canary in training: a target that does not fit behind its prompt is cut."""
    prompts = predictor.prompts([canary.carrier for canary in canaries])
    sentences = predictor.encoder.text_ids([canary.sentence for canary in canaries])
    return all(len(prompt.ids) + len(ids) <= predictor.max_length for prompt, ids in zip(prompts, sentences, strict=True))


def _encode(predictor: Predictor, canary: Canary, references: Sequence[str]) -> _Question:
    """Whole sentences are encoded as in training, and divided where they begin to differ: a tokenizer may join prefix and secret."""
    (prompt,) = predictor.prompts([canary.carrier])
    sentences = predictor.encoder.text_ids([write_sentence(canary.prefix, secret) for secret in (canary.secret, *references)])
    first, last = min(sentences), max(sentences)  # in the order of lists: what these two share, all share
    shared = next(i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return _Question(prompt.ids, first[:shared], [ids[shared:] for ids in sentences])
