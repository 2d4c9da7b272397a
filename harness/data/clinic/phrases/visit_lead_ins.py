"""Openers of sentences ("well, "), put in front of any sentence of a visit so that no two visits state a fact in the same words.

None contains an informative word: no negation, no allergy, no relative, nothing that was ruled out or stopped.
"""

from __future__ import annotations

import random

from harness.data.clinic.phrases.sentence_types import Sentences, SplitSentences

SPOKEN: SplitSentences = (
    (
        "well, ",
        "you see, ",
        "by the way, ",
        "as I said, ",
        "to be honest, ",
        "for the record, ",
        "as far as I know, ",
        "if I remember well, ",
        "now, ",
        "let me add, ",
        "one more thing, ",
        "and yes, ",
        "so, ",
        "first of all, ",
        "in short, ",
        "as always, ",
        "once more, ",
        "all in all, ",
        "on that note, ",
        "while we are at it, ",
        "before we go on, ",
        "to my knowledge, ",
        "from what I gather, ",
        "for what it is worth, ",
        "oh, and ",
        "right, ",
        "of course, ",
        "as expected, ",
        "again, ",
        "to be clear, ",
        "in any case, ",
        "in fact, ",
        "also, ",
        "next, ",
        "then, ",
        "just so it is written down, ",
        "and here is the thing: ",
        "here is another point: ",
        "to be complete, ",
        "after some thought, ",
        "on this point, ",
        "let us see, ",
        "to go on, ",
        "what else, yes, ",
        "between the two of us, ",
        "as you asked, ",
    ),
    (
        "anyhow, ",
        "as you may guess, ",
        "coming to that, ",
        "strictly speaking, ",
        "if you ask me, ",
        "I should say, ",
        "to put it plainly, ",
        "further, ",
        "mind you, ",
        "what is more, ",
        "as it happens, ",
        "hold on, ",
    ),
)

WRITTEN: SplitSentences = (
    (
        "for the record, ",
        "as noted before, ",
        "by the way, ",
        "in short, ",
        "in addition, ",
        "also, ",
        "next, ",
        "once more, ",
        "as before, ",
        "to be complete, ",
        "for the file: ",
        "going by the file, ",
        "on this point, ",
        "on request, ",
        "today, ",
        "at this visit, ",
        "all in all, ",
        "as reported, ",
        "as far as known, ",
        "to our knowledge, ",
        "to be clear, ",
        "in any case, ",
        "in fact, ",
        "of note: ",
        "to go on, ",
        "then, ",
        "as expected, ",
        "first of all, ",
        "here is another point: ",
        "from the talk: ",
        "as told to us, ",
        "for those who come after: ",
        "by all accounts, ",
        "as usual, ",
        "in brief, ",
        "as discussed, ",
        "on the whole, ",
        "further down: ",
        "worth a line: ",
        "again, ",
        "for good measure, ",
        "as stated at the desk, ",
    ),
    (
        "for good order, ",
        "strictly speaking, ",
        "to put it plainly, ",
        "further, ",
        "what is more, ",
        "in between: ",
        "coming to that, ",
        "so much is sure: ",
        "on top, ",
        "as agreed by all, ",
        "in passing, ",
        "to sum up, ",
    ),
)


def add_lead_in(rng: random.Random, sentence: str, lead_ins: Sentences) -> str:
    """A sentence with a random lead-in: "Doctor: Any fever?" → "Doctor: By the way, any fever?"."""
    speaker, colon, speech = sentence.partition(": ")
    if speaker not in ("Doctor", "Patient"):
        speaker, colon, speech = "", "", sentence
    if not speech.startswith(("I ", "I'")):
        speech = speech[:1].lower() + speech[1:]
    lead_in = rng.choice(lead_ins)
    return f"{speaker}{colon}{lead_in[:1].upper()}{lead_in[1:]}{speech}"
