"""Who says and does what in a dialogue, and whether a summary attributes it to another person. English.

    Amy: Can you bring the tent, Ben?        "Ben will bring the tent."       right: "you" is Ben, and only he is asked
    Ben: Sure!                               "Amy will bring the tent."       wrong

A dialogue is a text in which at least two speakers have lines ("Amy: …"). In a line, "I" is the speaker, "you" are the others, and a name
is its bearer; "we" and "he" may be anyone; a sentence without a person is the speaker's. A summary's words belong to the name that is the
subject of their clause. After a verb of speech ("Amy asks …"), the speaker of the line counts; otherwise the persons in its sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from harness.metrics.faithfulness.content_words import WORD, everyday_stems, framing_stems, is_content_word, stem, words

_LINE = re.compile(r"^[ \t]*(?P<speaker>[^\W\d_][\w .'’-]{0,24}?)[ \t]*:[ \t]*(?P<text>.*)$", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_CLAUSE_END = re.compile(r"[,;]\s*$")
_I_WORDS = "i i'm i've i'll i'd im ive me my mine myself"
_I = frozenset(_I_WORDS.split())
_YOU_WORDS = "you your yours you're you've you'll you'd yourself u ur"
_YOU = frozenset(_YOU_WORDS.split())
_ANY_PERSON_WORDS = "we us our ours we're we've we'll let's he she they him her his hers them their he's she's they're"
_ANY_PERSON = frozenset(_ANY_PERSON_WORDS.split())
_CONJUNCTIONS_WORDS = "and but while because that so if when as then since though although whether"
_CONJUNCTIONS = frozenset(_CONJUNCTIONS_WORDS.split())
_BEFORE_OBJECT_WORDS = "to with from for by of about than at on"
_BEFORE_OBJECT = frozenset(_BEFORE_OBJECT_WORDS.split())
_SPEECH = """
say tell ask suggest recommend advise remind warn explain inform introduce offer complain mention inquire describe request order wonder
invite propose insist announce apologize thank congratulate persuade encourage report state
"""
_REACH = 3  # content words after the subject or the verb of speech: nearly always its verb and object


@dataclass(frozen=True)
class _Utterance:
    speaker: str
    persons: frozenset[str] | None
    """Who the sentence is about; None if it may be any person."""
    stems: frozenset[str]


@dataclass(frozen=True)
class Dialogue:
    """The utterances of a dialogue."""

    speakers: frozenset[str]
    """In lower case."""
    by_word: dict[str, tuple[_Utterance, ...]]
    """The sentences that contain a word, by its stem."""


@lru_cache(maxsize=4096)
def parse_dialogue(text: str) -> Dialogue | None:
    """The dialogue; None if the text is not one: fewer than two speakers, or more lines without a speaker than with one.

    A dialogue of roles without a name ("Doctor", "Patient") does not count: a note on it says what was said, not who said it.
    """
    turns = [(match["speaker"].lower(), match["text"]) for match in _LINE.finditer(text)]
    speakers = frozenset(speaker for speaker, _ in turns)
    lines = sum(bool(line.strip()) for line in text.split("\n"))
    has_names = any(everyday_stems().isdisjoint(map(stem, words(speaker))) for speaker in speakers)
    if not 2 <= len(speakers) <= max(2, len(turns) - 1) or 2 * len(turns) < lines or not has_names:
        return None
    by_word: dict[str, list[_Utterance]] = {}
    for speaker, spoken in turns:
        for sentence in _SENTENCE.split(spoken):
            utterance = _utterance(speaker, sentence, speakers)
            for name in utterance.stems:
                by_word.setdefault(name, []).append(utterance)
    return Dialogue(speakers, {name: tuple(utterances) for name, utterances in by_word.items()})


def _utterance(speaker: str, sentence: str, speakers: frozenset[str]) -> _Utterance:
    spoken = [word.lower().replace("’", "'") for word in WORD.findall(sentence)]
    stems = frozenset(map(stem, spoken))
    if not _ANY_PERSON.isdisjoint(spoken):
        return _Utterance(speaker, None, stems)
    persons = {name for name in spoken if name in speakers}
    if not _I.isdisjoint(spoken) or (not persons and _YOU.isdisjoint(spoken)):
        persons.add(speaker)
    if not _YOU.isdisjoint(spoken):
        persons |= speakers - {speaker}
    return _Utterance(speaker, frozenset(persons), stems)


def misattributed(output: tuple[str, ...], text: str) -> tuple[tuple[str, str], ...]:
    """The subject and the word of what the dialogue attributes only to another person; empty unless such words outnumber the right ones.

    Args:
        output: the sentences of the summary.
        text: the dialogue; nothing is misattributed in another text.
    """
    dialogue = parse_dialogue(text)
    if dialogue is None:
        return ()
    wrong, right = [], 0
    for sentence in output:
        if sentence in text:
            continue  # a quotation
        for subject, word, is_speech in _attributions(sentence, dialogue.speakers):
            match = _is_attributed(dialogue.by_word.get(stem(word), ()), subject, is_speech)
            if match is None:
                continue
            if match:
                right += 1
            else:
                wrong.append((subject, word))
    return tuple(wrong) if len(wrong) > right else ()


def _attributions(sentence: str, speakers: frozenset[str]) -> Iterator[tuple[str, str, bool]]:
    """Each subject with the content words of its clause, and whether they follow a verb of speech."""
    subject, previous, is_speech, count = "", "", False, 0
    for match in WORD.finditer(sentence):
        word = match.group().lower().replace("’", "'")
        name = word.removesuffix("'s")
        if name in speakers:
            is_new = previous in _CONJUNCTIONS or _CLAUSE_END.search(sentence, 0, match.start()) is not None
            if not subject or (is_new and previous not in _BEFORE_OBJECT):
                subject, is_speech, count = name, False, 0
            elif not is_speech:
                count = _REACH  # what follows the object may be the object's
        elif subject and stem(word) in _speech_stems():
            is_speech, count = True, 0
        elif subject and is_content_word(word) and stem(word) not in framing_stems():
            count += 1
            if count <= _REACH:
                yield subject, match.group(), is_speech
        previous = word


def _is_attributed(utterances: tuple[_Utterance, ...], subject: str, is_speech: bool) -> bool | None:
    """Whether a word belongs to the subject (True) or to others alone (False); None if the dialogue does not decide."""
    if is_speech:
        own, others = any(u.speaker == subject for u in utterances), any(u.speaker != subject for u in utterances)
    elif any(u.persons is None for u in utterances):
        return None
    else:
        own = any(u.persons is not None and subject in u.persons for u in utterances)
        others = any(u.persons is not None and not u.persons <= {subject} for u in utterances)
    return own if own != others else None


@lru_cache(maxsize=1)
def _speech_stems() -> frozenset[str]:
    return frozenset(map(stem, _SPEECH.split()))
