"""Hostile text becomes visible, and long text is cut."""

from __future__ import annotations

import pytest

from harness.text import one_line, short, visible, wrap_words


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


def test_a_command_in_wrapped_text_can_be_copied() -> None:
    """Lines are broken at spaces only: neither at the hyphens of an option, nor inside a path that is longer than a line."""
    words = [
        "bench",
        "review",
        "export",
        f"runs/{'visit-summaries-' * 6}1",
        "--per-strategy",
        "20",
        "--new-registry",
        "--retire-test-examples",
    ]
    for width in range(10, 80):
        lines = wrap_words(" ".join(words), width, first="→ ", further="  ")
        assert [word for line in lines for word in line.removeprefix("→").split()] == words
        assert all(len(line) <= width or len(line.split()) <= 2 for line in lines)
