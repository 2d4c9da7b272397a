"""The corpus of the tiny model: its tables are valid, its targets follow from its passages, and it does not contain the clinic."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest

from harness.data.clinic.phrases.visit_dialogue import DIALOGUE
from harness.data.clinic.phrases.visit_notes import NOTES
from harness.data.clinic.phrases.visit_prose import PROSE
from harness.data.clinic.phrases.visit_styles import STYLES
from harness.workshop.tiny_model import documents, instructions, words
from harness.workshop.tiny_model import passage_checks as checks
from harness.workshop.tiny_model.documents import DERIVED, DOCUMENTS, NONE, PASSAGE, listing, passage, record
from harness.workshop.tiny_model.domains import DOMAINS, KINDS, invented_domain

FIELDS = [(domain, field) for domain in DOMAINS for field in domain.fields]


def test_tables_are_valid() -> None:
    assert len({domain.name for domain in DOMAINS}) == len(DOMAINS) >= 80
    for domain in DOMAINS:
        assert domain.subject_kind in KINDS
        assert len({field.label for field in domain.fields}) == len(domain.fields) >= 6, domain.name
        assert sum(bool(field.others) for field in domain.fields) >= 3, domain.name
        assert sum(bool(field.none) for field in domain.fields) >= 2, domain.name
    for domain, field in FIELDS:
        where = f"{domain.name}, {field.label}"
        assert field.kind in KINDS or re.fullmatch(r"\[[^\[\]]+, [^\[\]]+\]", field.kind), where
        assert len(field.patterns) >= 9, where
        for pattern in (*field.patterns, *field.others):
            assert pattern.count("{x}") == 1, (where, pattern)
            assert "{" not in pattern.replace("{x}", "") and pattern[-1] in ".!?", (where, pattern)
        assert not any("{" in sentence for sentence in field.none), where


def test_no_sentence_states_two_facts() -> None:
    """With one sentence under two labels of a domain, a question could not be answered."""
    for domain in DOMAINS:
        counts = Counter(pattern for field in domain.fields for pattern in (*field.patterns, *field.others, *field.none))
        assert not [pattern for pattern, count in counts.items() if count > 1], domain.name


def test_every_fact_of_a_record_is_in_its_passage_and_its_list() -> None:
    rng = Random(0)
    for number in range(400):
        domain = rng.choice(DOMAINS) if number % 2 else invented_domain(rng)
        subject, facts = record(rng, domain)
        text, notes = passage(rng, domain, subject, facts), listing(rng, domain, subject, facts)
        for field, value in facts:
            assert value.lower() in notes.lower() or value in notes.encode().decode("unicode_escape"), (value, notes)
            if value == NONE:
                assert any(all(turn in text for turn in none.split(" / ")) for none in field.none), (field.label, text)
            else:
                assert value in text, (field.label, value, text)
        assert subject in text and subject in notes


def test_targets_follow_their_passage() -> None:
    rng = Random(1)
    for make, _ in (*DOCUMENTS, *instructions.INSTRUCTIONS):
        for _ in range(20):
            segments = make(rng)
            assert segments[0][1] == PASSAGE, make.__name__
            assert all(text for text, weight in segments if weight == DERIVED), make.__name__
            assert make is documents.plain or any(weight == DERIVED for _, weight in segments), make.__name__


@pytest.mark.parametrize("check", [checks.barred, checks.apart, checks.off_range])
def test_verdicts_are_right_and_half_find_nothing(check: checks.Check) -> None:
    rng, fine = Random(2), 0
    for _ in range(400):
        sentences, verdict = check(rng)
        text = " ".join(turn for turns in sentences for turn in turns)
        fine += verdict == checks.FINE
        if check is checks.off_range:
            numbers = sorted(float(number) for number in re.findall(r"\d+(?:\.\d)?", text))
            value = float(verdict.split(", ")[1]) if verdict != checks.FINE else numbers[1]
            assert (value in (numbers[0], numbers[-1])) == (verdict != checks.FINE) or numbers[1] in (numbers[0], numbers[-1]), text
            assert verdict == checks.FINE or ("below" if value == numbers[0] else "above") in verdict
        elif verdict != checks.FINE:
            first, _, second = verdict.partition(" was ruled out" if check is checks.barred else " does not go with ")
            assert text.lower().count(first.lower()) >= 2
            assert check is checks.barred or text.lower().count(second.lower()) >= 2
    assert 150 < fine < 250


def test_present_and_absent_things_are_listed_rightly() -> None:
    rng = Random(3)
    for _ in range(200):
        (text, _), (answer, _) = instructions.there_or_not(rng)
        for line in answer.split("\n"):
            label, _, things = line.partition(": ")
            missing = label in {"Not there", "Absent", "Not found", "Has no"}
            for thing in () if things == NONE else things.split(", "):
                statement = next(part for part in re.split(r"(?<=[.])\s|\n(?!\S+: (?:Yes|No|I|They|There))", text) if thing in part)
                denied = bool(re.search(r"\b(no|never|not|cannot|without|nobody|vain|none)\b", _with_answer(text, statement), re.I))
                assert denied == missing, (thing, text, answer)


def _with_answer(text: str, statement: str) -> str:
    """A statement; a question with its answer."""
    rest = text[text.index(statement) :]
    if "?" not in statement:
        return statement
    question, _, after = rest.partition("?")
    return question + re.split(r"(?<=[.])\s", after.strip())[0]


def test_corpus_does_not_contain_the_clinic() -> None:
    """Neither its sentences nor the labels of its summaries, because fine-tuning has to teach them."""

    def normalize(sentence: str) -> str:
        bare = re.sub(r"\{\w+\}", "x", re.sub(r"(doctor|patient): ", "", sentence.lower()))
        return re.sub(r"\W+", " ", bare).strip()

    own = [pattern for _, field in FIELDS for pattern in (*field.patterns, *field.others, *field.none)]
    own += [*documents.OPENINGS, *words.DIGRESSIONS, *instructions.THERE, *instructions.NOT_THERE]
    own += [*checks.BARRED, *checks.APART, *checks.CHOSEN, *checks.PRESENT, *checks.RANGES]
    known = {normalize(pattern) for pattern in own}
    clinic = [s for lexicon in (DIALOGUE, NOTES, PROSE, *STYLES.values()) for pair in lexicon.values() for side in pair for s in side]
    assert not [sentence for sentence in clinic if normalize(sentence) in known]
    labels = {field.label for _, field in FIELDS}
    assert not labels & {"complaint", "denies", "takes", "allergies", "vital signs", "prescribed", "avoid with", "alert check"}
