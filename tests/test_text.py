"""Hostile text becomes visible, and numbers are formatted for people."""

from __future__ import annotations

import pytest

from harness.reporting.wording import numbers
from harness.text import one_line, short, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nof two lines", "plain\ttext\nof two lines"),
        ("a\u202eb", "a⟦U+202E⟧b"),
        ("\u2066x\u2069\u200f\u061c", "⟦U+2066⟧x⟦U+2069⟧⟦U+200F⟧⟦U+061C⟧"),
        ("\x1b[31mred\x1b[0m", "⟦U+001B⟧[31mred⟦U+001B⟧[0m"),
        ("\x9b31m\x00\x07\x7f", "⟦U+009B⟧31m⟦U+0000⟧⟦U+0007⟧⟦U+007F⟧"),
        ("windows\r\nold mac\rend", "windows\nold mac\nend"),
        ("zero\u200bwidth\ufeff\u2028", "zero⟦U+200B⟧width⟦U+FEFF⟧⟦U+2028⟧"),
        ("\ud800", "⟦U+D800⟧"),
        ("\U000e0041", "⟦U+E0041⟧"),
        ("Schön, 漢字, می‌خواهم, 👩‍⚕️", "Schön, 漢字, می‌خواهم, 👩‍⚕️"),  # joiners that scripts and emoji need are kept
    ],
)
def test_invisible_characters_are_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(visible(text)) == shown


def test_long_text_is_cut_with_the_number_of_omitted_characters() -> None:
    assert visible("x" * 1_000_000, 100) == "x" * 100 + "… [999,900 more characters]"
    assert visible("x" * 100, 100) == "x" * 100


def test_one_line_has_no_line_breaks_and_respects_its_limit() -> None:
    assert one_line("  a\n b\t\x1bc ") == "a b ⟦U+001B⟧c"
    assert one_line("word " * 1000, 20) == "word word word word…"
    assert len(one_line("x" * 1_000_000, 20)) == 20


def test_long_label_keeps_its_start_and_end() -> None:
    assert short("lora · tiny", 20) == "lora · tiny"
    assert short("lora · organisation/a-very-long-name · 1,000 rows", 24) == "lora · organ… 1,000 rows"
    assert "\x1b" not in short("\x1b" * 99, 9)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (numbers.score(0.4567), "0.457"),
        (numbers.score(31.25), "31.2"),
        (numbers.score(None), "–"),
        (numbers.score(9.87, "points"), "9.9"),
        (numbers.score(12.345, "fraction"), "12.345"),
        (numbers.signed(2.34, "points"), "+2.3"),
        (numbers.signed_interval(-0.04, 10.06, "points"), "−0.0 to +10.1"),
        (numbers.with_unit("+2.3", "points"), "+2.3 points"),
        (numbers.with_unit("1", "points"), "1 point"),
        (numbers.with_unit("+0.1", "fraction"), "+0.1"),
        (numbers.signed(0.1), "+0.100"),
        (numbers.signed(-0.1), "−0.100"),
        (numbers.signed(-0.0001), "−0.000"),
        (numbers.signed(0.0), "0.000"),
        (numbers.interval(0.1, 0.2), "0.100–0.200"),
        (numbers.interval(None, None), ""),
        (numbers.seconds(0.0), "0 s"),
        (numbers.seconds(9.999), "10.0 s"),
        (numbers.seconds(59.97), "1 min 00 s"),
        (numbers.seconds(3599.7), "1 h 00 min"),
        (numbers.seconds(7500), "2 h 05 min"),
        (numbers.money(0.0, "USD"), "$0"),
        (numbers.money(0.00001, "USD"), "< $0.0001"),
        (numbers.money(0.0123, "EUR"), "€0.0123"),
        (numbers.money(12.5, "CHF"), "12.50 CHF"),
        (numbers.money(None, "USD"), "–"),
        (numbers.size(512), "512 B"),
        (numbers.size(1536), "1.5 KiB"),
        (numbers.size(24 * 1024**3), "24.0 GiB"),
        (numbers.parameters(134_515_008), "134.5M"),
        (numbers.parameters(1_710_000_000), "1.71B"),
        (numbers.percent(1, 100_000), "< 0.1%"),
        (numbers.percent(0, 10), "0%"),
        (numbers.p_value(0.0004), "p < 0.001"),
        (numbers.plural(1, "row"), "1 row"),
    ],
)
def test_numbers_are_formatted_for_people(shown: str, expected: str) -> None:
    assert shown == expected
