"""What is found in texts, and what is left alone."""

from __future__ import annotations

import signal
from itertools import pairwise

import pytest

from harness.data.privacy import find_identifiers
from harness.data.privacy.detectors.check_digits import is_dea_number, is_iban, is_luhn, is_nhs_number, is_npi, is_vin


def found(text: str) -> list[tuple[str, str]]:
    """Kind and text of each identifier."""
    return [(each.kind, text[each.start : each.end]) for each in find_identifiers(text)]


@pytest.mark.parametrize(
    ("text", "kind", "identifier"),
    [
        ("Seen by Dr. Zorbak Vintel today", "NAME", "Zorbak Vintel"),
        ("My name is zorbak and it hurts", "NAME", "zorbak"),
        ("Patient name: ODUYA, MARA", "NAME", "ODUYA, MARA"),
        ("Patient: Mara Oduya", "NAME", "Mara Oduya"),
        ("Ms. O'Neil agreed", "NAME", "O'Neil"),
        ("a letter to Jan van der Berg today", "NAME", "Jan van der Berg"),
        ("Kind regards,\nZorbak Vintel", "NAME", "Zorbak Vintel"),
        ("lives at 12 Martin Luther King Blvd, Apt. 4 now", "STREET", "12 Martin Luther King Blvd, Apt. 4"),
        ("to P.O. Box 104 please", "STREET", "P.O. Box 104"),
        ("wohnt Hauptstraße 7 seit", "STREET", "Hauptstraße 7"),
        ("She moved to Vorklingen last year", "CITY", "Vorklingen"),
        ("treated in Chicago before", "CITY", "Chicago"),
        ("Springfield, IL 62704", "ZIP", "62704"),
        ("SW1A 1AA is the code", "ZIP", "SW1A 1AA"),
        ("on 2024-03-12 she", "DATE", "2024-03-12"),
        ("text: born 03/04/1950, seen", "DATE", "03/04/1950"),
        ("call on 03/04/2024 about it", "DATE", "03/04/2024"),
        ("Fax received 03/04/2024", "DATE", "03/04/2024"),
        ("Telephone encounter 2024-03-04 10:30", "DATE", "2024-03-04"),
        ("call 12/345 67 89 today", "PHONE", "12/345 67 89"),
        ("on 3/12/24 she", "DATE", "3/12/24"),
        ("on 12.03.2024 she", "DATE", "12.03.2024"),
        ("on March 12, 2024 she", "DATE", "March 12, 2024"),
        ("the twelfth of March 2024 was", "DATE", "the twelfth of March 2024"),
        ("seen on 3/12 for pain", "DATE", "3/12"),
        ("a 93-year-old woman", "AGE", "93"),
        ("she is ninety-two years old", "AGE", "ninety-two"),
        ("call (415) 867-5309 today", "PHONE", "(415) 867-5309"),
        ("call +41 69 979 80 58 today", "PHONE", "+41 69 979 80 58"),
        ("Fax: 415-867-5310", "FAX", "415-867-5310"),
        ("mail mara.oduya@clinic.org now", "EMAIL", "mara.oduya@clinic.org"),
        ("SSN 123-45-6789", "SSN", "123-45-6789"),
        ("social security number is 123456789", "SSN", "123456789"),
        ("MRN: 00123456", "RECORD", "00123456"),
        ("NHS number 943 476 5919", "RECORD", "943 476 5919"),
        ("Member ID: XK99887766", "HEALTH_PLAN", "XK99887766"),
        ("account number 44112233", "ACCOUNT", "44112233"),
        ("IBAN GB82 WEST 1234 5698 7654 32 is", "ACCOUNT", "GB82 WEST 1234 5698 7654 32"),
        ("driver's license D1234567", "LICENSE", "D1234567"),
        ("VIN 1HGCM82633A004352", "VEHICLE", "1HGCM82633A004352"),
        ("license plate ABC 1234 was", "VEHICLE", "ABC 1234"),
        ("serial number SN-99812", "DEVICE", "SN-99812"),
        ("MAC 00:1B:44:11:3A:B7 was", "DEVICE", "00:1B:44:11:3A:B7"),
        ("see https://me.org/x?y=1 now", "URL", "https://me.org/x?y=1"),
        ("from 10.0.0.7 today", "IP", "10.0.0.7"),
        ("from 2001:db8::ff00:42:8329 today", "IP", "2001:db8::ff00:42:8329"),
        ("paid with 4111 1111 1111 1111", "CARD", "4111 1111 1111 1111"),
        ("confirmation code TX99812", "CODE", "TX99812"),
        ("id 123e4567-e89b-12d3-a456-426614174000", "CODE", "123e4567-e89b-12d3-a456-426614174000"),
    ],
)  # fmt: skip
def test_identifier_is_found(text: str, kind: str, identifier: str) -> None:
    assert (kind, identifier) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Blood pressure 120/80, pulse 72, temperature 38.9 degrees, oxygen 97%.",
        "Takes lisinopril 10 mg twice daily and metformin 500 mg since 2019.",
        "A 45-year-old woman with Parkinson's disease and Crohn's disease.",
        "Seen on Tuesday at 14:30 in California.",
        "The patient denies chest pain. Plan: follow up in 3 weeks.",
        "Hemoglobin 13.2, white cells 7,200, platelets 250,000; 12 of 15 patients improved (80%).",
        "Doctor: Good morning. Patient: Hello, my back hurts.",
        "Pain 7/10, then 4/10. Strength 5/5. Vision 20/40.",
        "About 90 percent of 100 people aged 40 to 60 took part in 2021.",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_later_mentions_of_a_name_are_found() -> None:
    text = "Patient: Zorbak Vintel. Vintel reports pain, and Zorbak's sleep is poor."
    assert [part for kind, part in found(text) if kind == "NAME"] == ["Zorbak Vintel", "Vintel", "Zorbak"]


def test_identifiers_do_not_overlap() -> None:
    text = "Dr. Ann Main, 12 Main Street, Boston, MA 02110, ann@main.com, 617-555-1234 ext. 5, card 4111-1111-1111-1111, MRN 617-555-1234"
    identifiers = find_identifiers(text)
    assert all(a.end <= b.start for a, b in pairwise(identifiers))


def test_check_digits() -> None:
    assert is_luhn("4111111111111111") and not is_luhn("4111111111111112")
    assert is_nhs_number("9434765919") and not is_nhs_number("9434765918")
    assert is_npi("1234567893") and not is_npi("1234567890")
    assert is_dea_number("AB1234563") and not is_dea_number("AB1234560")
    assert is_iban("GB82WEST12345698765432") and not is_iban("GB82WEST12345698765433")
    assert is_vin("1HGCM82633A004352") and not is_vin("1HGCM82633A004353")


@pytest.mark.parametrize(
    "text",
    ["A" * 30_000, "Aa " * 10_000, "1-" * 15_000, "1 " * 15_000, "a.b" * 10_000, ":" * 20_000, "Mr. " * 8_000,
     "John, " * 5_000, "J. " * 9_000, "\n>" * 10_000,
        "Aa-" * 10_000,
        "Éé " * 10_000]
)  # fmt: skip
def test_hostile_text_takes_no_time(text: str) -> None:
    signal.alarm(20)  # the default action ends the test run
    try:
        find_identifiers(text)
    finally:
        signal.alarm(0)
