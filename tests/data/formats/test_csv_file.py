"""CSV: text is kept verbatim, delimiters are detected, and broken quotes never swallow rows."""

from __future__ import annotations

import csv
import io

import pytest
from message_checks import assert_contains

FILLER = "".join(f"{i},filler {i},filler {i}\n" for i in range(100, 110))


ROWS = "".join(f"{i};a, {i};c{i}\n" for i in range(8))


GOOD = "input,target\n" + "".join(f"text {i},summary {i}\n" for i in range(20))


def test_text_is_kept_verbatim_except_line_ends(load, in_order):
    texts = [
        "two\r\nlines",
        "a\n\n\nb",
        'she said "no"',
        '"',
        "semi;colon, comma\tand | pipe",
        "emoji 🩺👩🏽‍⚕️ and é (decomposed)",
        "מטופל בן 54 العربية",
        "  leading and trailing  ",
        "line separator \u2028 and next line \x85 inside",
        "= 1 + 1",
    ]
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["id", "input", "target"])
    writer.writerows([i, text, text + "!"] for i, text in enumerate(texts))
    rows = in_order(load(b"\xef\xbb\xbf" + file.getvalue().encode() + FILLER.encode()))
    expected = ["two\nlines", *texts[1:]]
    assert [row.inputs["input"] for row in rows[: len(texts)]] == expected
    assert [row.targets for row in rows[: len(texts)]] == [(text + "!",) for text in expected]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_detected_from_the_header(load, in_order, delimiter):
    lines = [["id", "input", "target"]] + [[str(i), f"a{i}, b; c", "d"] for i in range(12)]
    content = "\r\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    assert in_order(load(content))[0].inputs == {"input": "a0, b; c"}


def test_comma_wins_ties(load, in_order):
    rows = in_order(load("id,input,target,a;b;c;d\n" + "".join(f"{i},x{i},y,z\n" for i in range(5))))
    assert rows[0].meta == {"a;b;c;d": "z"}


def test_cell_of_five_megabytes(load, in_order):
    huge = "word " * 1_000_000
    assert in_order(load(f'id,input,target\n0,"{huge}",long\n{FILLER}'))[0].inputs["input"] == huge


def test_line_numbers_are_physical_lines(refused):
    content = 'input,target\n"one\r\ntwo\nthree",fine\n\n\n"four\nfive",\n'
    assert "visits.csv:7: target" in refused(content)


def test_old_mac_line_ends(load):
    assert sum(load("input,target\r" + "".join(f"a{i},b\r" for i in range(9))).report.sizes.values()) == 9


def test_unnamed_index_column_becomes_meta(load, in_order):
    rows = in_order(load(",id,input,target\n" + "".join(f"{i},{i},x{i},y\n" for i in range(5))))
    assert rows[3].meta == {"column 1": "3"}


@pytest.mark.parametrize("line", ["sep=;\n", "sep=;\r\n", '"sep=;"\n', "\ufeffSEP=;\n"])
def test_delimiter_line_of_excel_is_not_the_header(load, in_order, line):
    first = in_order(load(f"{line}id;input;target\n{ROWS}"))[0]
    assert (first.id, first.inputs, first.targets) == ("0", {"input": "a, 0"}, ("c0",))


def test_delimiter_line_of_excel_allows_any_delimiter(load, in_order):
    text = "sep=^\nid^input,x^target\n" + "".join(f"{i}^a {i}^b\n" for i in range(8))
    assert in_order(load(text, fields={"input": "input,x"}))[0].inputs == {"input": "a 0"}


def test_line_numbers_include_the_delimiter_line(refused):
    assert "visits.csv:4: input (column 'input') is empty" in refused("sep=;\ninput;target\na;b\n;c\n")
    assert "visits.csv:4: 1 cell, fewer" in refused("sep=;\ninput;target\na;b\nc\n")
    assert "visits.csv:3: a double quote opens" in refused('sep=;\ninput;target\n"a;b\n')


def test_header_without_rows_is_refused(refused):
    assert_contains(refused("input,target\r\n\r\n", skip_bad_rows=True), "visits.csv: the file has a header (input, target) but no rows")


def test_duplicate_column_is_refused(refused):
    message = refused("input,note,note,target\na,b,c,d\n", skip_bad_rows=True)
    assert_contains(message, "visits.csv:1:", "'note' more than once", "Rename")


def test_broken_quotes_on_one_line_are_a_bad_row(load, refused):
    content = GOOD + '"she said "no" twice",sum\n'
    assert_contains(refused(content), "visits.csv:22: broken quotes", 'write a quote twice ("")')
    assert sum(load(content, skip_bad_rows=True).report.sizes.values()) == 20


def test_unclosed_quote_does_not_swallow_the_file(refused):
    message = refused('input,target\na,b\n"open,c\n' + "x,y\n" * 50, skip_bad_rows=True)
    assert_contains(message, "visits.csv:3:", "never closed")


def test_nul_is_a_bad_row(refused):
    assert_contains(refused("input,target\na\0b,c\n"), "visits.csv:2: column 'input' contains a NUL")
