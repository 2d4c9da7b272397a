"""TSV: whether quotes enclose cells or belong to the text."""

from __future__ import annotations

import csv
import io

import pytest


def tsv(*lines: str) -> str:
    return "input\ttarget\n" + "\n".join(lines) + "\n"


FILL = tuple(f"filler {i}\tx" for i in range(8))


@pytest.mark.parametrize(
    ("lines", "first"),
    [
        (('"Hello" he said\tx', *FILL), '"Hello" he said'),
        (('"the whole sentence is quoted"\tx', *FILL), '"the whole sentence is quoted"'),
        (('it opens " and never closes\tx', *FILL), 'it opens " and never closes'),
        (('"opens here\tx', "in between\tx", 'and closes"\tx', *FILL), '"opens here'),
        (('"she said ""no"""\tx', *FILL), 'she said "no"'),
        (('"two\nlines"\tx', *FILL), "two\nlines"),
        (('"a\ttab"\tx', *FILL), "a\ttab"),
        (('"2"" nail"\tx', '5" nail\tx', *FILL), '"2"" nail"'),
        (("a, b; c\tx", *FILL), "a, b; c"),
    ],
)
def test_quotes_enclose_cells_only_where_necessary(load, lines, first):
    splits = load(tsv(*lines), "a.tsv")
    texts = {e.inputs["input"] for part in (splits.train, splits.validation, splits.test) for e in part}
    assert first in texts
    assert {"filler 0", "filler 7"} <= texts


def test_quotes_enclose_cells_if_every_text_has_them(load, in_order):
    content = '"id"\t"input"\t"target"\n' + "".join(f'{i}\t"text {i}"\t"x"\n' for i in range(6))
    assert in_order(load(content, "a.tsv"))[0].inputs == {"input": "text 0"}


def test_line_with_another_number_of_cells_is_a_bad_row(refused, load):
    content = tsv('an "inner\tx', *FILL, "one cell only", "a\tb\tc")
    message = refused(content, "a.tsv")
    assert "a.tsv:11: 1 cell, fewer than the 2 columns" in message
    assert "a.tsv:12: 3 cells, more than the 2 columns" in message
    assert sum(load(content, "a.tsv", skip_bad_rows=True).report.sizes.values()) == 9


def test_round_trip_through_the_csv_module(load, in_order):
    texts = ['say "no"', "a\ttab", "two\nlines", "plain", '"', "'", ""]
    file = io.StringIO()
    writer = csv.writer(file, delimiter="\t")
    writer.writerow(["id", "input", "target"])
    writer.writerows([i, f"{text}.", "x"] for i, text in enumerate(texts))
    assert [e.inputs["input"] for e in in_order(load(file.getvalue(), "a.tsv"))] == [f"{text}." for text in texts]
