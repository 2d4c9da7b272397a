"""Numbers in digits and in words, with their units, dates and times."""

from __future__ import annotations

import pytest

from harness.metrics.faithfulness.quantities import quantities
from harness.metrics.faithfulness.spelled_numbers import in_digits
from harness.metrics.faithfulness.unsupported import unsupported_pieces


def numbers(output: str, source: str) -> list[str]:
    """The numbers of the output that the source lacks."""
    return [piece.text for piece in unsupported_pieces(output, (source,)) if piece.kind == "number"]


def test_numbers_in_digits_and_words() -> None:
    found = set(quantities("1,000 mg, twenty-six years, 120/80 mmHg, two hundred people, .5 ml, 5% and an hour, version2, items 1,2,3"))
    assert {str(q) for q in found} == {"1000 mg", "26 year", "120", "80 mmhg", "200", "0.5 ml", "5 %", "1", "2", "3"}


def test_number_formats_of_other_countries() -> None:
    found = [str(q) for q in quantities("12,5 mg, 10\u202f000 euros, 1\u00a0234,5 km, 2 500 mg tablets, 1,000,000 and 3,4,5")]
    assert found == ["12.5 mg", "10000 euro", "1234.5 km", "2", "500 mg", "1e+06", "3", "4", "5"]


@pytest.mark.parametrize("written", ["3rd of Sept. 2023", "September 3, 2023", "Sep 3rd 2023", "3 september 2023", "3.9.23", "2023-09-03",
                                     "September third two thousand twenty three", "third of September twenty twenty-three"])  # fmt: skip
def test_date_is_one_number_in_any_notation(written: str) -> None:
    assert [str(q) for q in quantities(f"Seen on {written}.")] == ["2023-03-09"]
    assert numbers("In 2023, on the 3rd.", f"Seen on {written}.") == []


@pytest.mark.parametrize(
    ("spelled", "digits"),
    [
        ("nineteen eighty four", "1984"),
        ("two thousand eight", "2008"),
        ("nineteen oh five", "1905"),
        ("one hundred and twenty-three", "123"),
        ("thirty thousand five hundred and one", "30501"),
        ("a hundred", "100"),
        ("ninety eight point six", "98.6"),
        ("two three", "2 3"),
        ("six, seven", "6, 7"),
        ("twenty-six-year-old", "26-year-old"),
        ("someone at ten", "someone at 10"),
    ],
)
def test_number_words_in_digits(spelled: str, digits: str) -> None:
    assert in_digits(spelled) == digits


@pytest.mark.parametrize(
    ("output", "source"),
    [
        ("Back in 14 days.", "Come back in two weeks."),
        ("Took 0.5 g.", "Took 500 milligrams."),
        ("For 24 months.", "For two years."),
        ("A rate of 122.", "a rate of one twenty two"),
        ("40 mg", "forty M G"),
        ("At 7:30 pm.", "at half past seven"),
        ("At 19:30.", "7.30pm then"),
        ("At 7:30.", "at seven thirty"),
        ("At 7 pm.", "see you at 7"),
        ("At 6:45.", "quarter to 7"),
        ("At 8.", "at 8 am"),
        ("Two of them.", "both of them"),
        ("12 eggs", "a dozen eggs"),
        ("2 times a day", "twice daily"),
    ],
)
def test_same_amount_in_other_words(output: str, source: str) -> None:
    assert numbers(output, source) == []


@pytest.mark.parametrize(
    ("output", "source", "lacking"),
    [
        ("Back in 15 days.", "Come back in two weeks.", "15 day"),
        ("Took 5 g.", "Took 500 mg.", "5 g"),
        ("At 7:30.", "at half past eight", "7:30"),
        ("At 9 pm.", "at 8 pm", "9:00"),
        ("26 years", "6 years", "26 year"),
    ],
)
def test_other_amount_is_unsupported(output: str, source: str, lacking: str) -> None:
    assert numbers(output, source) == [lacking]
