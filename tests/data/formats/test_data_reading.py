"""What the model sees is what the file says, however awkward the file is."""

from __future__ import annotations

import csv
import io
import json

import pytest

FILLER = "".join(f"{i},filler {i},filler {i}\n" for i in range(100, 110))


def test_awkward_csv_is_kept_verbatim_but_for_line_ends(load, in_order):
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
def test_delimiter_is_found_from_the_header(load, in_order, delimiter):
    lines = [["id", "input", "target"]] + [[str(i), f"a{i}, b; c", "d"] for i in range(12)]
    content = "\r\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    assert in_order(load(content))[0].inputs == {"input": "a0, b; c"}


def test_comma_wins_a_tie(load, in_order):
    rows = in_order(load("id,input,target,a;b;c;d\n" + "".join(f"{i},x{i},y,z\n" for i in range(5))))
    assert rows[0].meta == {"a;b;c;d": "z"}


def test_five_megabyte_cell(load, in_order):
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


def test_jsonl_values(load, in_order):
    lines = [
        {"id": 0, "input": "line\u2028separator\x85", "target": ["one", "two"], "n": 3, "nested": {"a": [1]}},
        {"id": 1, "input": 4.5, "target": 7, "n": None},
        {"id": 2, "input": True, "target": False},
        *({"id": i, "input": f"f{i}", "target": "x"} for i in range(3, 9)),
    ]
    content = "\ufeff" + "\r\n\r\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    rows = in_order(load(content, "a.ndjson"))
    assert [row.inputs["input"] for row in rows[:3]] == ["line\u2028separator\x85", "4.5", "true"]
    assert [row.targets for row in rows[:3]] == [("one", "two"), ("7",), ("false",)]
    assert [row.meta for row in rows[:3]] == [{"n": 3, "nested": {"a": [1]}}, {"n": None}, {}]


def test_jsonl_escaped_emoji(load, in_order):
    content = "".join(json.dumps({"id": i, "input": f"🩺{i}", "target": "x"}) + "\n" for i in range(5))
    assert in_order(load(content, "a.jsonl"))[4].inputs["input"] == "🩺4"


# ----------------------------------------------------------------------------------------------------- which is which


def rows_of(header: str, n: int = 6) -> str:
    names = header.split(",")
    return header + "\n" + "".join(",".join(str(i) if name == "id" else f"{name} {i}" for name in names) + "\n" for i in range(n))


def test_columns_named_like_the_roles(load, in_order):
    row = in_order(load(rows_of("id,input,target,group,age")))[2]
    assert (row.id, row.inputs, row.targets, row.group, row.meta) == ("2", {"input": "input 2"}, ("target 2",), "group 2", {"age": "age 2"})


def test_named_fields(load, in_order):
    fields = {"question": "q", "context": "passage", "target": "a", "group": "doc"}
    row = in_order(load(rows_of("id,q,passage,a,doc,input"), fields=fields))[1]
    assert row.inputs == {"question": "q 1", "context": "passage 1"}
    assert (row.targets, row.group, row.meta) == (("a 1",), "doc 1", {"input": "input 1"})


def test_only_the_target_named(load, in_order):
    row = in_order(load(rows_of("id,input,label,target"), fields={"target": "label"}))[1]
    assert (row.inputs, row.targets, row.meta) == ({"input": "input 1"}, ("label 1",), {"target": "target 1"})


def test_only_the_input_named(load, in_order):
    row = in_order(load(rows_of("id,text,target"), fields={"input": "text"}))[1]
    assert (row.inputs, row.targets) == ({"input": "text 1"}, ("target 1",))


def test_prompt_and_completion(load, in_order):
    row = in_order(load(rows_of("id,prompt,completion,source")))[1]
    assert row.inputs == {"prompt": "prompt 1", "input": "prompt 1"}
    assert (row.targets, row.meta) == (("completion 1",), {"source": "source 1"})


def test_a_patient_column_called_id_can_be_the_group(load):
    content = "id,input,target\n" + "".join(f"p{i // 3},text {i},sum\n" for i in range(12))
    splits = load(content, fields={"group": "id"})
    assert {e.group for e in splits.train} | {e.group for e in splits.test} <= {"p0", "p1", "p2", "p3"}
    assert not {e.group for e in splits.train} & {e.group for e in splits.test}


# ----------------------------------------------------------------------------------------------------------------- ids


def test_ids_without_a_column(load):
    content = "input,target\n" + "same,row\n" * 3 + "".join(f"text {i},sum\n" for i in range(9))
    splits = load(content)
    ids = [e.id for part in (splits.train, splits.validation, splits.test) for e in part]
    assert len(set(ids)) == 12
    first = next(e.id for part in (splits.train, splits.validation, splits.test) for e in part if e.inputs["input"] == "same")
    assert len(first) == 16
    assert {f"{first}-2", f"{first}-3"} <= set(ids)


def test_ids_that_each_file_counts_from_zero(load):
    files = {split: "id,input,target\n" + "".join(f"{i},{split} {i},x\n" for i in range(5)) for split in ("train", "validation", "test")}
    splits = load(files)
    assert [e.id for e in splits.test] == [f"test/{i}" for i in range(5)]
    assert any("prefixed with the name of its split" in line for line in splits.report.warnings)


def test_test_ids_do_not_depend_on_train(load):
    test = "input,target\nsame,x\nother,y\n"
    one = load({"train": "input,target\nsame,x\na,b\n", "test": test})
    two = load({"train": "input,target\na,b\n", "test": test})
    assert [e.id for e in one.test] == [e.id for e in two.test]
