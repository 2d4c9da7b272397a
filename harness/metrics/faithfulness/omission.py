"""What an output omits of a reference: the content words, numbers and names that it lacks. English."""

from __future__ import annotations

from functools import lru_cache

from harness.metrics.faithfulness.claims import extract_claims, get_source, label_length, lacking, sentences
from harness.metrics.faithfulness.content_words import content_words, stem, words


@lru_cache(maxsize=1 << 14)
def reference_pieces(reference: str) -> int:
    """The number of pieces of a reference: what an output can omit. Labels ("Allergies: …") count, because they say what a value means."""
    return len(_omitted("", reference))


@lru_cache(maxsize=1 << 14)
def omitted_pieces(output: str, reference: str) -> tuple[str, ...]:
    """The content words, numbers and names of the reference that the output lacks, each once, in the order of the reference.

    Where both are forms with common labels ("Allergies: …"), so is a label that the output lacks, even if its words occur elsewhere.
    """
    own, expected = _labels(output), _labels(reference)
    lost = [label for stems, label in expected.items() if stems not in own] if own.keys() & expected.keys() else []
    return (*_omitted(output, reference), *lost)


def _labels(text: str) -> dict[tuple[str, ...], str]:
    """The labels of lines ("Allergies:") by their stems."""
    labels = (sentence[: label_length(sentence)].strip() for sentence in sentences(text))
    return {tuple(map(stem, words(label))): label for label in labels if label}


def _omitted(output: str, reference: str) -> tuple[str, ...]:
    source = get_source(output)
    omitted: dict[str, str] = {}
    for sentence in sentences(reference):
        claims = extract_claims(sentence)
        omitted |= {str(quantity): str(quantity) for quantity in claims.quantities if quantity not in source.quantities}
        omitted |= {name: spelling for name, spelling in claims.names.items() if not source.has_name(name)}
        omitted |= lacking({**content_words(sentence[: claims.label_length]), **claims.words}.items(), [source])
    return tuple(omitted.values())
