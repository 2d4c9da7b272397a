"""Questions about short notes: answers are spans of the note, and whether there is one depends on the note."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from clinic_reader import OTHERS, RULED_OUT, UNITS, drugs_in, misstated, places

from harness.data.clinic.phrases.question_phrases import QUESTIONS


@pytest.fixture
def questions(clinic):
    return [example for _, example in clinic("qa")]


IN_EVERY_NOTE = {"symptom", "duration"}


def vital_asked(example):
    return next(vital for vital in UNITS if vital in example.inputs["question"])


def sections(context):
    """(heading, fact) of each section of a note."""
    return re.findall(r"^(.+):\n(.+)$", context, re.M)


def stated_under(context, cue):
    """The facts under headings with this cue, without those about relatives or about an allergy that was ruled out."""
    return [
        fact
        for heading, fact in sections(context)
        if re.search(cue, heading, re.I) and not re.search(f"{RULED_OUT}|{OTHERS}", heading, re.I)
    ]


def dose_asked(example):
    """The dose of the drug that the question names, whether or not the note states it; "" if the patient does not take the drug."""
    (drug,) = drugs_in(example.inputs["question"])
    doses = dict(taken.split(" ", 1) for taken in example.meta["current"]) | {example.meta["drug"]: example.meta["dose"]}
    return doses.get(drug, "")


def states_answer(example):
    """Whether the note states what the question asks for, read independently of the generator."""
    asked, context, meta = example.meta["asked"], example.inputs["context"], example.meta
    checks = {
        "allergy": lambda: bool(stated_under(context, "allerg")),
        "current": lambda: bool(stated_under(context, "takes|drugs (already )?taken")),
        "interaction": lambda: bool(stated_under(context, rf"combine.*{meta['drug']}|{meta['drug']}.*combine")),
        "vital": lambda: bool(stated_under(context, vital_asked(example))),
        "denied": lambda: bool(stated_under(context, "den(ies|ied)")),
        "dose": lambda: bool(dose_asked(example) and places(dose_asked(example), context)),
        "drug": lambda: bool(stated_under(context, "prescribed")),
    }
    return checks[asked]() if asked in checks else bool(places(meta[asked], context))


def test_answer_is_a_span_of_the_note(questions):
    for example in questions:
        assert all(places(target, example.inputs["context"]) for target in example.targets), example
        assert len(set(example.targets)) == len(example.targets)
        assert example.meta["unanswerable"] == (not example.targets) == (not example.meta["facts"])
        assert [target for fact in example.meta["facts"] for target in fact["any"]] == list(example.targets)
    assert any(len(e.targets) > 1 for e in questions), "several spans can be correct"


def test_there_is_an_answer_exactly_if_the_note_states_it(questions):
    for example in questions:
        assert states_answer(example) == bool(example.targets), example


def test_answer_is_the_fact_asked_for(questions):
    for example in questions:
        asked, meta, targets = example.meta["asked"], example.meta, example.targets
        if targets and asked == "dose":
            assert targets == (dose_asked(example),)
        elif targets and asked in ("symptom", "drug"):
            assert targets[-1] == meta[asked] and all(meta[asked] in target for target in targets)
        elif targets and asked in ("duration", "history", "frequency"):
            assert targets == (meta[asked],)
        elif targets and asked in ("allergy", "current"):
            values = meta["allergies" if asked == "allergy" else "current"]
            assert re.split(", | and ", targets[0]) == (values or ["none"])
        elif targets and asked == "interaction":
            assert targets == (meta["clash"],)


def test_a_sixth_has_no_answer_and_the_question_does_not_reveal_which(clinic):
    for split in ("train", "validation", "test"):
        rows = [e for s, e in clinic("qa") if s == split]
        assert 0.12 < sum(not e.targets for e in rows) / len(rows) < 0.25
    answered = {}
    for _, example in clinic("qa"):
        answered.setdefault(example.meta["asked"], Counter())[bool(example.targets)] += 1
    assert {asked for asked, counts in answered.items() if not counts[False]} == IN_EVERY_NOTE
    for asked in answered.keys() - IN_EVERY_NOTE:
        assert 0.05 < answered[asked][False] / answered[asked].total() < 0.6, asked


def test_notes_without_an_answer_state_something_similar(questions):
    """An allergy of a relative or one that was ruled out, a dose of another drug, another vital sign."""
    similar = {
        "allergy": f"{RULED_OUT}|{OTHERS}",
        "dose": r"\d (mg|mcg)",
        "vital": "|".join(UNITS.values()),
        "drug": r"\d (mg|mcg)",
        "current": r"\d (mg|mcg)",
    }
    for asked, cue in similar.items():
        contexts = [e.inputs["context"] for e in questions if e.meta["asked"] == asked and not e.targets]
        assert sum(bool(re.search(cue, context)) for context in contexts) / len(contexts) > 0.15, asked


def test_notes_are_short_and_state_a_part_of_the_case(questions):
    lengths = [len(e.inputs["context"].split()) for e in questions]
    assert min(lengths) >= 10 and max(lengths) <= 80
    assert 20 < sum(lengths) / len(lengths) < 40
    headings = [[heading for heading, _ in sections(e.inputs["context"])] for e in questions]
    assert all(len(set(each)) == len(each) for each in headings), "no fact is stated twice"


def test_every_fact_is_asked_for_in_several_wordings_and_test_has_its_own(clinic):
    asked = {split: {(e.meta["asked"], e.inputs["question"]) for s, e in clinic("qa") if s == split} for split in ("train", "test")}
    assert not {wording for _, wording in asked["train"]} & {wording for _, wording in asked["test"]}
    for rows in asked.values():
        wordings = Counter(fact for fact, _ in rows)
        assert wordings.keys() == QUESTIONS.keys()
        assert min(wordings.values()) >= 2
    everything = [wording for q in QUESTIONS.values() for wording in (*q.seen, *q.unseen)]
    assert len(set(everything)) == len(everything), "a question asks for one thing"


def test_harmful_topics_are_critical(questions):
    critical = {e.meta["asked"]: fact["critical"] for e in questions for fact in e.meta["facts"]}
    harmless = {"symptom", "duration", "denied", "history", "frequency"}
    assert {asked for asked, is_critical in critical.items() if not is_critical} == harmless


def test_corrected_dose_is_forbidden(questions):
    corrected = [
        e
        for e in questions
        if e.meta["asked"] == "dose" and e.targets == (e.meta["dose"],) and any(f["what"] == "dose" for f in e.meta["forbidden"])
    ]
    assert len(corrected) > 10
    for example in corrected:
        wrong = next(f["text"] for f in example.meta["forbidden"] if f["what"] == "dose")
        assert misstated(wrong, example.meta) and not misstated(example.targets[0], example.meta)
