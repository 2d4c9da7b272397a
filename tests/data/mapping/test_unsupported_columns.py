"""Columns of images, audio or video, and preference pairs, are refused with the reason, in one error."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from message_checks import assert_contains

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def parquet(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow
    from pyarrow import parquet

    file = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("value", "media"),
    [
        (PNG, "images"),
        ({"bytes": PNG, "path": None}, "images"),
        ({"bytes": None, "path": "scans/1.JPG"}, "images"),
        ({"array": [0.1, 0.2], "sampling_rate": 16000}, "audio"),
        ({"bytes": b"fLaC\0", "path": "a.flac"}, "audio"),
        ("call 17/first.wav", "audio"),
        ([PNG, PNG], "images"),
    ],
)
@pytest.mark.parametrize("fields", [{}, {"input": "scan", "target": "label"}])
def test_column_of_media_is_refused_once(refused, value, media, fields):
    message = refused(parquet([{"scan": value, "label": "x"}] * 12), "a.parquet", fields=fields)
    assert_contains(message, f"a.parquet: the column 'scan' holds {media}", "read text only", "input")
    assert "bad rows" not in message


def test_data_uri_in_json_lines(refused):
    rows = [{"input": "data:image/png;base64,iVBORw0KGgo=", "target": "x"}] * 9
    assert "the column 'input' holds images" in refused("".join(json.dumps(row) + "\n" for row in rows), "a.jsonl")


def test_media_that_no_role_reads_and_names_within_texts_are_allowed(load):
    rows = [{"scan": PNG, "input": f"see the file scan{i}.png", "target": f"as in {i}.png"} for i in range(12)]
    assert sum(load(parquet(rows), "a.parquet").report.sizes.values()) == 12


def test_preference_pairs_under_other_names_are_refused_unless_the_target_is_named(load, refused):
    rows = "".join(json.dumps({"prompt": f"p {i}", "chosen_response": f"good {i}", "rejected_response": "bad"}) + "\n" for i in range(12))
    assert_contains(
        refused(rows, "a.jsonl"),
        "a.jsonl: the columns 'chosen_response' and 'rejected_response' are preference pairs",
        "which column holds their prompts is not known",
    )
    splits = load(rows, "a.jsonl", fields={"input": "prompt", "target": "chosen_response"})
    assert sum(splits.report.sizes.values()) == 12
    assert all((e.targets[0][:4], e.rejected) == ("good", "bad") for e in splits.train), "its pair is found"


def test_a_named_pair_of_equal_answers_is_an_example_without_a_pair(load):
    pairs = [{"q": f"p {i}", "better": [f"good {i}", "fine"], "worse": "bad"} for i in range(12)]
    pairs[2]["worse"] = " good 2\n"
    pairs[3]["worse"] = "fine"
    pairs[4]["worse"] = ""
    rows = "".join(json.dumps(pair) + "\n" for pair in pairs)
    splits = load(rows, "a.jsonl", fields={"input": "q", "target": "better", "rejected": "worse"})
    assert sum(splits.report.sizes.values()) == 12
    equal = {"p 2", "p 3", "p 4"}
    assert any(example.inputs["input"] in equal for example in splits.train)
    assert all(example.rejected == (None if example.inputs["input"] in equal else "bad") for example in splits.train)
