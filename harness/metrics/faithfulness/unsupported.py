"""What an output states that neither its input nor a reference contains, piece by piece. English.

A piece is a number (a dose, a date, a time of day), a name, a content word, a negation that the texts reverse, or an action of a dialogue
that belongs to another speaker. Each kind counts once per piece, however often the output repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from harness.metrics.faithfulness.claims import extract_claims, get_source, lacking, sentences
from harness.metrics.faithfulness.content_words import everyday_stems, stem, words
from harness.metrics.faithfulness.dialogue import misattributed, parse_dialogue
from harness.metrics.faithfulness.negation import reversed_words

Kind = Literal["number", "name", "word", "negation", "person"]


@dataclass(frozen=True)
class UnsupportedPiece:
    """A piece of an output that the texts do not support."""

    sentence: str
    kind: Kind
    text: str
    """What the output states, such as "40 mg"; for a negation the words that are reversed."""

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"


@lru_cache(maxsize=1 << 14)
def unsupported_pieces(output: str, texts: tuple[str, ...]) -> tuple[UnsupportedPiece, ...]:
    """The pieces of the output that none of the texts supports, each once, in the order of the output.

    Args:
        texts: the input first, then the references, if there are any. Who does what is looked up in the input.
    """
    sources = [get_source(text) for text in texts]
    pieces: dict[tuple[Kind, str], UnsupportedPiece] = {}
    everything = sentences(output)

    def add(sentence: str, kind: Kind, key: str, text: str) -> None:
        pieces.setdefault((kind, key), UnsupportedPiece(sentence, kind, text))

    dialogue = parse_dialogue(texts[0])
    speakers = frozenset(stem(word) for name in dialogue.speakers for word in words(name)) if dialogue else frozenset()
    wrong_persons = misattributed(everything, texts[0])
    for sentence in everything:
        claims = extract_claims(sentence)
        for quantity in claims.quantities:
            if not any(quantity in source.quantities for source in sources):
                add(sentence, "number", str(quantity), str(quantity))
        for name, spelling in claims.names.items():
            if not any(source.has_name(name) for source in sources):
                add(sentence, "name", name, spelling)
        for name, spelling in lacking(claims.words.items(), sources).items():
            is_name = dialogue is not None and sentence.startswith(spelling) and spelling[0].isupper() and name not in everyday_stems()
            add(sentence, "name" if is_name else "word", name, spelling)
        reversed_stems = reversed_words(sentence, texts, speakers)
        if reversed_stems:
            add(sentence, "negation", " ".join(reversed_stems), " ".join(claims.words.get(name, name) for name in reversed_stems))
        for subject, word in wrong_persons:
            if word in sentence and subject in sentence.lower():
                add(sentence, "person", f"{subject} {word}", f"{subject}: {word}")
    return tuple(pieces.values())


@lru_cache(maxsize=1 << 14)
def piece_count(output: str) -> int:
    """The numbers, names and content words of an output, each once."""
    return len({piece for sentence in sentences(output) for piece in _keys(sentence)})


def _keys(sentence: str) -> set[tuple[str, str]]:
    claims = extract_claims(sentence)
    return {("number", str(q)) for q in claims.quantities} | {("word", name) for name in (*claims.names, *claims.words)}
