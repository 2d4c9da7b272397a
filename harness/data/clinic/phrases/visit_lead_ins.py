"""Openers of sentences ("well, "), put in front of any sentence of a visit so that no two visits state a fact in the same words.

None contains an informative word: no negation, no allergy, no relative, nothing that was ruled out or stopped.
"""

from __future__ import annotations

import random

from harness.data.clinic.phrases.sentence_types import Sentences, SplitSentences


def _lead_ins(text: str) -> Sentences:
    """Lead-ins separated by "|". Those without punctuation at the end, such as "and", run on into the sentence."""
    return tuple(f"{' '.join(part.split())} " for part in text.split("|"))


# by voice: of training and validation, of test
LEAD_INS: dict[str, SplitSentences] = {
    "Doctor": (
        _lead_ins(
            """okay,|all right,|right,|so,|now,|and|fine,|thanks,|thank you,|I see,|got it,|sure,|of course,|also,|next,|then,
            |okay, so|all right, so|right, and|okay, next,|let me see,|let's see,|one more thing,|another thing,|moving on,|to go on,
            |before I forget,|while I'm at it,|while I think of it,|for the chart,|for my notes,|for the record,|to be clear,
            |to be thorough,|quickly,|sorry,|one moment,|bear with me,|going down the list,|back to you,|understood,
            |let me just say,|as usual,"""
        ),
        _lead_ins(
            """okay, good,|okay, then|very good,|that helps,|let me continue,|to continue,|on to the next thing,|hang on,|I hear you,
            |okay, great,|okay, moving along,|let me add,|well then,"""
        ),
    ),
    "Patient": (
        _lead_ins(
            """well,|um,|so,|oh,|yes,|yeah,|okay,|actually,|honestly,|to be honest,|you know,|also,|and|but|by the way,|let me think,
            |let's see,|right,|sure,|hmm,|like I said,|as I said,|I mean,|I should mention,|I should say,|before I forget,|one more thing,
            |another thing,|just so you know,|since you ask,|as far as I know,|from what I remember,|if I remember right,|in fact,
            |to be clear,|the thing is,|the way I see it,|for what it's worth,|as usual,|all I know is,|I guess|basically,|oh, and
            |well, you know,|what else,|of course,"""
        ),
        _lead_ins(
            """well, okay,|um, so|anyhow,|to tell you the truth,|if you ask me,|as it happens,|mind you,|now that I think of it,
            |what I can say is,|in any case,|I'll be honest,|okay, well,|let me tell you,"""
        ),
    ),
    "caller": (
        _lead_ins(
            """okay,|so,|um,|also,|and|now,|next,|right,|let me see,|let's see,|one more thing,|another thing,|oh, and|by the way,
            |as I said,|like I said,|just so you know,|I should mention,|I should add,|I wanted to add,|for your notes,|for the record,
            |quick note,|from what I have here,|according to my notes,|according to the chart,|as far as I can tell,|from what I can see,
            |I can tell you that|I have here that|it says here that|the chart says that|you should know that|what else,|hang on,|sorry,
            |to be clear,|just to confirm,|in short,|basically,|again,|anyway,|just a heads up,|let me add that|yes, and"""
        ),
        _lead_ins(
            """okay, so|anyhow,|to continue,|for what it's worth,|what I have is that|looking at the screen,|as you may know,|let me check,
            |one last thing,|before I hang up,|I was told that|so, again,|I can confirm that"""
        ),
    ),
    "note": (
        _lead_ins(
            """of note,|note:|also,|in addition,|additionally,|on assessment:|on review:|this visit:|today:|at this visit:|confirmed:
            |reviewed:|chart reviewed:|reviewed with patient:|discussed with patient:|documented:
            |for the record:|update:|charted:|verified:|double-checked:|as before:|again:|also noted:|noted:|nursing note:|addendum:
            |late entry:|for handoff:|for the team:|in summary:|in brief:|briefly:|next:|further:|to add:|overall:|FYI:|continued:
            |key point:|to confirm:"""
        ),
        _lead_ins(
            """for handover:|also of note,|recap:|further to this,|checked twice:|as documented:|at bedside:|to summarize:|quick note:
            |as stated:|entry continued:|for completeness:"""
        ),
    ),
    "letter": (
        _lead_ins(
            """as you know,|for completeness,|as discussed,|in summary,|of note,|I note that|I should mention that|I would add that
            |please note that|for your information,|in addition,|also,|furthermore,|as mentioned,|as I mentioned,|for your records,
            |for the record,|to be clear,|briefly,|in brief,|as you may be aware,|as you may recall,|as you will see,|as requested,
            |I can confirm that|I can report that|I understand that|let me add that|on review,|at this visit,|in clinic,|overall,
            |importantly,|again,|next,|in short,|to summarize,|I see that|additionally,|as noted above,
            |for context,"""
        ),
        _lead_ins(
            """as you will be aware,|by way of background,|I gather that|I would like to mention that|to recap,|it is worth noting that
            |I am told that|in passing,|as stated in my last letter,|moreover,|on a practical note,|you will see that|for clarity,"""
        ),
    ),
}


def add_lead_in(rng: random.Random, sentence: str, voice: str, *, unseen: bool) -> str:
    """A sentence with a random lead-in: "Doctor: Any fever?" → "Doctor: Okay, any fever?". Questions of a patient have none.

    Args:
        voice: a key of `LEAD_INS`; for a dialogue, the speaker decides.
        unseen: whether to use the lead-ins of test.
    """
    speaker, colon, speech = sentence.partition(": ")
    if speaker in ("Doctor", "Patient"):
        voice = speaker
    else:
        speaker, colon, speech = "", "", sentence
    if voice == "Patient" and speech.partition("\n")[0].endswith("?"):
        return sentence
    first = speech.split(maxsplit=1)[0]
    if not (first == "I" or first.startswith("I'") or first[1:2].isupper()):  # "PMH" stays as it is
        speech = speech[:1].lower() + speech[1:]
    lead_in = rng.choice(LEAD_INS[voice][unseen])
    return f"{speaker}{colon}{lead_in[:1].upper()}{lead_in[1:]}{speech}"
