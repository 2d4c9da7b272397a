"""Every mistake in the data ends in one message that says what, where, the value seen and what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.data import load_splits
from harness.errors import BenchError

GOOD = "input,target\n" + "".join(f"text {i},summary {i}\n" for i in range(20))


def has(message: str, *parts: str) -> None:
    for part in parts:
        assert part in message, f"{part!r} not in: {message}"


# ------------------------------------------------------------------------------------------------ the file as a whole


def error_for(task, folder: Path) -> str:
    with pytest.raises(BenchError) as caught:
        load_splits(task, folder=folder)
    return str(caught.value)


def test_missing_file_hints_at_a_similar_one(tmp_path, make_task):
    (tmp_path / "visits.csv").write_text(GOOD)
    (tmp_path / "visits.pdf").write_text("")
    message = error_for(make_task(path="vists.csv"), tmp_path)
    has(message, "vists.csv: no such file", "Did you mean 'visits.csv'?")
    assert "pdf" not in message


def test_missing_folder(tmp_path, make_task):
    has(error_for(make_task(path="nowhere/visits.csv"), tmp_path), "no such file", "nowhere does not exist")


def test_folder_given(tmp_path, make_task):
    (tmp_path / "visits").mkdir()
    (tmp_path / "visits" / "a.csv").write_text(GOOD)
    has(error_for(make_task(path="visits"), tmp_path), "is a folder", "a.csv")


def test_a_pipe_does_not_hang(tmp_path, make_task):
    os.mkfifo(tmp_path / "a.csv")
    has(error_for(make_task(path="a.csv"), tmp_path), "a.csv: is not a regular file")


def test_a_text_given_as_a_path(tmp_path, make_task):
    has(error_for(make_task(path="patient says " * 40 + ".csv"), tmp_path), "cannot be read", "patient says")


@pytest.mark.parametrize(
    ("name", "advice"),
    [("a.xls", "save it as .xlsx"), ("a.ods", "save it as .xlsx"), ("a.txt", "rename"), ("a.tar", "Unpack it"), ("a", "no extension")],
)
def test_unknown_extension(refused, name, advice):
    has(refused(GOOD, name), f"{name}: ", ".csv, .tsv, .jsonl, .ndjson, .json, .parquet, .xlsx", advice)


@pytest.mark.parametrize("name", ["visits.csv", "visits.jsonl"])
@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
def test_empty_file(refused, name, content):
    has(refused(content, name, skip_bad_rows=True), f"{name}: the file is empty")


def test_header_only(refused):
    has(refused("input,target\r\n\r\n", skip_bad_rows=True), "visits.csv: the file has a header (input, target) but no rows")


def test_not_utf8_names_line_and_byte(refused):
    message = refused(b"input,target\nfine,good\ncaf\xe9,bad\n", skip_bad_rows=True)
    has(message, "visits.csv:3: not UTF-8 at byte offset 26 (byte 0xe9)", "iconv -f WINDOWS-1252 -t UTF-8")


def test_not_utf8_counts_the_byte_order_mark(refused):
    has(refused(b"\xef\xbb\xbfinput,target\n\xe9,b\n"), "visits.csv:2:", "byte offset 16")


def test_utf16(refused):
    has(refused(GOOD.encode("utf-16")), "UTF-16", "iconv -f UTF-16")


def test_absolute_paths_work_and_are_not_in_the_report(tmp_path, make_task):
    (tmp_path / "visits.csv").write_text(GOOD)
    splits = load_splits(make_task(path=str(tmp_path / "visits.csv")), folder=Path("/nowhere"))
    assert splits.report.origin["file"] == "visits.csv"
    assert len(splits.report.origin["file sha256"]) == 64
    assert str(tmp_path) not in str(splits.report)


def test_unknown_source(tmp_path, make_task):
    has(error_for(make_task(source="clinc"), tmp_path), "no source 'clinc'", "Did you mean 'clinic'?")


def test_fields_with_a_source(tmp_path, make_task):
    has(error_for(make_task(source="clinic", fields={"input": "x"}), tmp_path), "clinic", 'data="FILE"')


def test_limit_below_one(refused):
    has(refused(GOOD, limit=0), "limit must be at least 1, not 0")


# --------------------------------------------------------------------------------------------------------- the columns


def test_missing_column_lists_what_is_there(refused):
    message = refused("dialogue,section_text,who\na,b,c\n", fields={"input": "dialog", "target": "section_text"}, skip_bad_rows=True)
    has(message, "no column 'dialog' for 'input'", "Did you mean 'dialogue'?", "The columns are: dialogue, section_text, who")


def test_column_in_another_case(refused):
    has(refused("Text,Label\na,b\n", fields={"input": "TEXT", "target": "Label"}), "Did you mean 'Text'?")


def test_no_input_column_shows_how_to_name_it(refused):
    message = refused("dialogue,section_text\na,b\n")
    has(
        message,
        "no column for the input and no column for the target",
        "dialogue, section_text",
        'fields={"input": "COLUMN"}',
        'fields={"target": "COLUMN"}',
    )


def test_no_input_but_a_target(refused):
    message = refused("dialogue,target\na,b\n")
    has(message, "no column for the input.", 'fields={"input": "COLUMN"}')


def test_target_as_input(refused):
    has(refused("a,b\n1,2\n", fields={"input": "a", "target": "a"}), "column 'a' is both the target and the input", "show the answer")


def test_files_with_different_inputs(refused):
    message = refused({"train": "prompt,completion\na,b\n", "test": "input,target\nc,d\n"})
    has(message, "test.csv: the inputs are input", "prompt")


def test_duplicate_header(refused):
    message = refused("input,note,note,target\na,b,c,d\n", skip_bad_rows=True)
    has(message, "visits.csv:1:", "'note' more than once", "Rename")


# ------------------------------------------------------------------------------------------------------------ bad rows


def test_bad_rows_are_collected(refused):
    content = "input,target\n" + "good,fine\n" + "text,\n" * 4 + ",target\n" + "a,b,c\n" * 3
    message = refused(content)
    has(message, "8 bad rows", "visits.csv:3: target (column 'target') is empty", "visits.csv:7: input (column 'input') is empty")
    has(message, "and 3 more", "skip them with skip_bad_rows=True")
    assert message.count("visits.csv:") == 5


def test_bad_rows_of_all_files_are_in_one_error(refused):
    message = refused({"train": "input,target\na,\n", "test": "input,target\nb,c\nb,\n"})
    has(message, "2 bad rows", "train.csv:2:", "test.csv:3:")


def test_very_many_bad_rows_are_counted_and_not_kept(refused, load):
    content = GOOD + "text,\n" * 5000
    has(refused(content), "5000 bad rows:", "and 4995 more")
    skipped = load(content, skip_bad_rows=True).report.skipped
    assert len(skipped) < 500
    assert skipped[-1] == f"and {5000 - len(skipped) + 1} more bad rows"


def test_bad_rows_are_skipped_and_listed(load):
    splits = load(GOOD + "text,   \nmore,cells,here\nfewer\n", skip_bad_rows=True)
    assert sum(splits.report.sizes.values()) == 20
    assert splits.report.skipped[0] == "visits.csv:22: target (column 'target') is empty"
    assert "visits.csv:23: 3 cells, more than the 2 columns" in splits.report.skipped[1]
    assert "visits.csv:24: 1 cell, fewer than the 2 columns" in splits.report.skipped[2]


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "input,target\na,\n,b\n"), ("a.jsonl", "{broken\n[1]\n"), ("b.csv", "input,target\na,b,c\n")]
)
def test_nothing_left_after_skipping(refused, name, content):
    has(refused(content, name, skip_bad_rows=True), f"{name}: no usable rows", "the first:")


def test_duplicate_ids(refused, load):
    content = "id,input,target\n" + "".join(f"v{i},text {i},sum {i}\n" for i in range(10)) + "v3,other,another\n"
    has(refused(content), "visits.csv:12: id 'v3'", "already used in visits.csv:5", "make it the group")
    assert len(load(content, skip_bad_rows=True).report.skipped) == 1


def test_empty_group_is_not_lost_silently(refused):
    has(refused("input,target,group\na,b,p1\nc,d,\n"), "visits.csv:3: group (column 'group') is empty")


def test_broken_quotes_on_one_line_are_a_bad_row(load, refused):
    content = GOOD + '"she said "no" twice",sum\n'
    has(refused(content), "visits.csv:22: broken quotes", 'write a quote twice ("")')
    assert sum(load(content, skip_bad_rows=True).report.sizes.values()) == 20


def test_a_quote_never_closed_does_not_swallow_the_file(refused):
    message = refused('input,target\na,b\n"open,c\n' + "x,y\n" * 50, skip_bad_rows=True)
    has(message, "visits.csv:3:", "never closed")


def test_nul_is_a_bad_row(refused):
    has(refused("input,target\na\0b,c\n"), "visits.csv:2: column 'input' contains a NUL")


# --------------------------------------------------------------------------------------------------------------- JSONL


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"input": "a", "target" "b"}', "broken JSON at column 25"),
        ("[1, 2]", "a list, not an object"),
        ('"text"', "a string, not an object"),
        ("null", "null, not an object"),
        ('{"input": "a\\u0000", "target": "b"}', "'input' contains a NUL"),
        ('{"input": "a\\ud83d", "target": "b"}', "'input' contains a lone surrogate (\\ud83d)"),
        ('{"input": "a", "target": "b", "x": {"y": ["\\udc00"]}}', "'x' contains a lone surrogate"),
        ('{"input": "a", "target": "b", "\\ud800": 1}', "lone surrogate"),
        ('{"input": "a", "input": "b", "target": "c"}', "the key 'input' occurs twice"),
        ('{"input": Infinity, "target": "b"}', "Infinity is not a JSON value"),
        ('{"input": ' + "1" * 5000 + ', "target": "b"}', "broken JSON"),
        ('{"input": ' + "[" * 100_000 + ', "target": "b"}', "nested too deeply"),
        ('{"input": {"role": "user"}, "target": "b"}', "input (column 'input') is an object, found '{'role': 'user'}'"),
        ('{"input": {"role": "user"}, "target": "b"}', "Name a part of it with a dot, such as input.role"),
        ('{"input": [{"role": "user"}], "target": "b"}', "Name a part of it with a dot, such as input.role"),
        ('{"input": [["a"]], "target": "b"}', "input (column 'input') is a list inside a list"),
        ('{"input": [], "target": "b"}', "input (column 'input') is empty"),
        ('{"input": [null, " "], "target": "b"}', "input (column 'input') is empty"),
        ('{"input": "a", "target": [["b"]]}', "target (column 'target') is a list"),
        ('{"input": "a", "target": []}', "target (column 'target') is empty"),
        ('{"input": "a", "target": [null, ""]}', "target (column 'target') is empty"),
        ('{"input": "a", "target": null}', "target (column 'target') is empty"),
        ('{"input": "a", "target": NaN}', "target (column 'target') is empty"),
        ('{"input": "a"}', "target"),
        ('{"target": "b"}', "input: the row has no 'input'"),
    ],
)
def test_bad_json_lines(refused, load, line, reason):
    good = "".join(f'{{"input": "text {i}", "target": "sum {i}"}}\n' for i in range(5))
    content = good + "\n" + line + "\n"
    message = refused(content, "a.jsonl")
    has(message, "1 bad row:", "a.jsonl:7: ", reason)
    report = load(content, "a.jsonl", skip_bad_rows=True).report
    assert sum(report.sizes.values()) == 5
    assert len(report.skipped) == 1


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_deeply_nested_values_do_no_harm(load, name):
    deep = "[" * 900 + '"\\u00e9"' + "]" * 900
    objects = [f'{{"input": "text {i}", "target": "x", "deep": {deep}}}' for i in range(5)]
    content = "\n".join(objects) if name == "a.jsonl" else "[" + ",".join(objects) + "]"
    assert sum(load(content, name).report.sizes.values()) == 5


@pytest.mark.parametrize("content", ['[\n{"input": "a", "target": "b"}\n]', '[{"input": "a", "target": "b"}]', '{\n"input": "a"\n}'])
def test_one_document_instead_of_lines(refused, content):
    has(refused(content, "a.jsonl", skip_bad_rows=True), "a.jsonl:1: the file is one JSON document", "jq -c")
