"""Faithfulness without a model: what an output states without support, and what it omits of the reference. English.

| score | for each example |
| --- | --- |
| `unsupported_count` | how many words, numbers, names, reversals and misattributions neither the input nor a reference supports |
| `unsupported_rate` | the same as a share of the output's content words, numbers and names |
| `omission_rate` | the share of the reference's content words, numbers and names that the output lacks; the best of several references |
| `number_error_rate` | 1 if a number, dose, date or time of day in the output is in neither the input nor a reference, otherwise 0 |
| `name_error_rate` | the same for names |
| `negation_error_rate` | 1 if the output denies what the input and the references only affirm, or the other way round |

Texts in scripts without spaces between words (Chinese, Japanese, Thai, …) have no scores.

The scores look at the surface of the text, not at its truth. `docs/faithfulness.md` says how they were tuned, and how far to trust them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version

from harness.metrics.faithfulness.claims import sentences
from harness.metrics.faithfulness.content_words import has_spaced_words, word_lists_digest
from harness.metrics.faithfulness.omission import omitted_pieces, reference_pieces
from harness.metrics.faithfulness.unsupported import Kind, UnsupportedPiece, piece_count, unsupported_pieces
from harness.metrics.family import Family, example_metric
from harness.metrics.join import MissingPrediction
from harness.types import Example, Metric, Prediction


def find_unsupported(example: Example, prediction: Prediction) -> tuple[UnsupportedPiece, ...]:
    """The pieces of the output that neither the inputs nor a reference supports; none where the scores do not apply."""
    if not _applies_to_input(example):
        return ()
    return unsupported_pieces(prediction.answer, ("\n".join(example.inputs.values()), *example.targets))


def _applies_to_input(example: Example) -> bool:
    """Whether there is an input, and words can be found in it. An output in another script does not matter: its words are unsupported."""
    return any(sentences(text) for text in example.inputs.values()) and has_spaced_words("\n".join(example.inputs.values()))


def unsupported_count(example: Example, prediction: Prediction) -> float | None:
    """The number of unsupported pieces: 0 for an empty output. A missing prediction counts like one."""
    if not _applies_to_input(example):
        return None
    return 1.0 if isinstance(prediction, MissingPrediction) else float(len(find_unsupported(example, prediction)))


def unsupported_rate(example: Example, prediction: Prediction) -> float | None:
    """The unsupported pieces as a share of all pieces, at most 1: 0 for an empty output, 1 for a missing prediction."""
    if not _applies_to_input(example):
        return None
    if isinstance(prediction, MissingPrediction):
        return 1.0
    return min(1.0, len(find_unsupported(example, prediction)) / max(piece_count(prediction.answer), 1))


def omission_rate(example: Example, prediction: Prediction) -> float | None:
    """The share of the reference's pieces that the output lacks; the smallest of several references. None without a reference
    in which words can be found.

    A reference without any piece ("None.") is covered by every output that says something.
    """
    targets = [target for target in example.targets if sentences(target) and has_spaced_words(target)]
    if not targets:
        return None
    if isinstance(prediction, MissingPrediction) or not sentences(prediction.answer):
        return 1.0
    return min(1.0, *(len(omitted_pieces(prediction.answer, target)) / max(reference_pieces(target), 1) for target in targets))


def _error_rate(kind: Kind) -> Callable[[Example, Prediction], float | None]:
    """1 if the output has an unsupported piece of this kind; 1 for a missing prediction."""

    def error_rate(example: Example, prediction: Prediction) -> float | None:
        if not _applies_to_input(example):
            return None
        is_missing = isinstance(prediction, MissingPrediction)
        return float(is_missing or any(piece.kind == kind for piece in find_unsupported(example, prediction)))

    return error_rate


def _build(labels: Sequence[str]) -> tuple[Metric, ...]:
    rules = f"lang:en|script:spaced|unit:piece|stem:nltk-{version('nltk')}|words:{word_lists_digest()}|support:input+refs"
    return (
        example_metric("unsupported_count", "lower", "pieces", unsupported_count, rules),
        example_metric("unsupported_rate", "lower", "fraction", unsupported_rate, rules),
        example_metric("omission_rate", "lower", "fraction", omission_rate, rules.replace("support:input+refs", "refs:best")),
        example_metric("number_error_rate", "lower", "fraction", _error_rate("number"), rules),
        example_metric("name_error_rate", "lower", "fraction", _error_rate("name"), rules),
        example_metric("negation_error_rate", "lower", "fraction", _error_rate("negation"), rules),
    )


SCORES = ("unsupported_count", "unsupported_rate", "omission_rate", "number_error_rate", "name_error_rate", "negation_error_rate")
FAITHFULNESS = Family("faithfulness", ("summarization", "generation", "qa"), SCORES, _build)
