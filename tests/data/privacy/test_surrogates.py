"""What identifiers become."""

from __future__ import annotations

import re
from datetime import date

import pytest

from harness.data.privacy import Anonymizer, Mode, find_identifiers
from harness.data.privacy.detectors import is_luhn, read_words
from harness.data.privacy.surrogates.moved_dates import shift_date

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


def anonymize(text: str, mode: Mode = "surrogates", key: bytes = KEY, name: str = "a") -> str:
    anonymizer = Anonymizer(key, mode)
    return anonymizer.anonymize_text(text, anonymizer.new_scope(name))[0]


def test_names_stay_consistent_and_keep_their_gender() -> None:
    text = anonymize("Patient: Mara Oduya. Ms. Oduya came with James Oduya. Mara left; JAMES stayed.")
    match = re.fullmatch(r"Patient: (\w+) (\w+)\. Ms\. (\w+) came with (\w+) (\w+)\. (\w+) left; (\w+) stayed\.", text)
    assert match
    first, last, last_again, brother, brothers_last, first_again, capitals = match.groups()
    assert (last, last, first, brother.upper()) == (last_again, brothers_last, first_again, capitals)
    assert first.lower() in read_words("surrogate_female") and brother.lower() in read_words("surrogate_male")
    assert not {"mara", "oduya", "james"} & set(re.findall(r"\w+", text.lower()))


def test_same_key_gives_the_same_text_and_another_key_another() -> None:
    text = "Mara Oduya was seen on 2024-03-12, MRN: 00123456."
    assert anonymize(text) == anonymize(text)
    assert len({anonymize(text), anonymize(text, key=OTHER_KEY), anonymize(text, name="b")}) == 3


def test_dates_keep_intervals_weekdays_and_formats() -> None:
    anonymizer = Anonymizer(KEY, "surrogates")
    scope = anonymizer.new_scope("patient 1")
    first, _ = anonymizer.anonymize_text("Admitted 2024-03-12.", scope)
    second, _ = anonymizer.anonymize_text("Discharged 2024-03-29.", scope)
    start, end = (date.fromisoformat(text[-11:-1]) for text in (first, second))
    assert (end - start).days == 17
    assert start != date(2024, 3, 12) and start.weekday() == date(2024, 3, 12).weekday()


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("2024-02-26", "2024-03-04"),
        ("2/26/2024", "3/4/2024"),
        ("02/26/24", "03/04/24"),
        ("26.02.2024", "04.03.2024"),
        ("February 26, 2024", "March 4, 2024"),
        ("Feb 26th, 2024", "Mar 4th, 2024"),
        ("the 25th of February 2024", "the 3rd of March 2024"),
        ("26-Feb-2024", "4-Mar-2024"),
        ("the twenty-sixth of February", "the fifth of March"),
        ("20240226", "20240304"),
        ("FEBRUARY 2024", "FEBRUARY 2024"),
        ("2/26", "3/5"),
    ],
)
def test_dates_are_written_as_they_were(text: str, moved: str) -> None:
    assert shift_date(text, 7, day_first=False, year=2023) == moved


def test_a_date_that_does_not_exist_becomes_a_tag() -> None:
    assert anonymize("Seen on 02/31/2024.") == "Seen on [DATE]."


def test_numbers_keep_their_form_and_belong_to_nobody() -> None:
    phone, mail, ssn, card, ip, record = (
        anonymize(text)
        for text in ("call (415) 867-5309", "mail mara@clinic.org", "SSN 123-45-6789", "card 4111 1111 1111 1111",
                     "from 10.0.0.7", "MRN: 70012-B")
    )  # fmt: skip
    assert re.fullmatch(r"call \(\d{3}\) 555-01\d\d", phone)
    assert re.fullmatch(r"mail [a-z]+\.[a-z]+@example\.(com|net|org)", mail)
    assert re.fullmatch(r"SSN 000-\d\d-\d{4}", ssn)
    assert re.fullmatch(r"card \d{4} \d{4} \d{4} \d{4}", card) and not is_luhn(re.sub(r"\D", "", card))
    assert re.fullmatch(r"from (192\.0\.2|198\.51\.100|203\.0\.113)\.\d+", ip)
    assert re.fullmatch(r"MRN: [1-9]\d{4}-[A-Z]", record)


def test_tags_and_removal() -> None:
    text = "Mara Oduya, a 93-year-old woman, was seen on March 12, 2024."
    assert anonymize(text, "tags") == "[NAME], a [AGE]-year-old woman, was seen on [DATE]."
    assert anonymize(text, "remove") == "[REMOVED], a 90+-year-old woman, was seen on 2024."
    assert anonymize("DOB: March 12, 1920.", "remove") == "DOB: [REMOVED]."


def test_changes_lead_back_to_the_original() -> None:
    text = "Dr. Zorbak Vintel called (415) 867-5309 from Chicago on 3/12/2024 about MRN 1234567."
    anonymizer = Anonymizer(KEY, "surrogates")
    anonymized, changes = anonymizer.anonymize_text(text, anonymizer.new_scope("a"))
    for change in reversed(changes):
        anonymized = anonymized[: change.start] + change.original + anonymized[change.end :]
    assert anonymized == text


def test_patients_get_different_numbers_and_the_text_the_same_one() -> None:
    anonymizer = Anonymizer(KEY, "surrogates", patient="id")
    rows = [anonymizer.anonymize_row(i, {"id": f"{i % 10}", "note": f"Patient ID: 000{i % 10}"}).values for i in range(20)]
    assert [row["id"] for row in rows[:10]] == [row["id"] for row in rows[10:]]
    assert len({row["id"] for row in rows}) == 10
    long = anonymizer.anonymize_row(0, {"id": "AB-1234", "note": "Patient ID: AB-1234"}).values
    assert long["note"] == f"Patient ID: {long['id']}"


def test_names_of_columns_tell_what_values_are_and_types_stay() -> None:
    values = {"mrn": 1234567, "score": 1234567, "patient_name": "Zorbak", "notes": [{"text": "Call Dr. Vintel"}], "ok": True, "none": None}
    row = Anonymizer(KEY, "surrogates").anonymize_row(0, values).values
    assert isinstance(row["mrn"], int) and row["mrn"] != 1234567 and len(str(row["mrn"])) == 7
    assert (row["score"], row["ok"], row["none"]) == (1234567, True, None)
    assert "Zorbak" not in row["patient_name"] and "Vintel" not in row["notes"][0]["text"]


def test_surrogate_contacts_are_known_as_such() -> None:
    assert find_identifiers(anonymize("SSN 123-45-6789")) == []


def test_the_letter_of_an_apartment_stays_a_letter() -> None:
    """It became a surname: "Apt 6Shaw"."""
    assert re.fullmatch(r"She lives at \d\d [A-Z]\w+ Lane, Apt \d[A-Z]\.", anonymize("She lives at 44 Harbor Lane, Apt 3B."))
