"""A packet in Argilla and back: settings and records as Argilla 2.8 reads them, several people on one record, and damaged records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from raters import Export
from returned import load_ratings

from harness.review import ExportedPacket, import_files
from harness.store import StoredRun


def read(exported: ExportedPacket) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The records and the settings."""
    records, settings = (json.loads(path.read_text("utf-8")) for path in exported.files)
    return records, settings


def test_settings_ask_what_the_packet_asks(export: Export) -> None:
    exported = export(strategies=("lora",), mode="errors", formats=["argilla"], with_reference=True)
    records, settings = read(exported)
    severity, kinds, corrected, comment = settings["questions"]
    assert [option["value"] for option in severity["settings"]["options"]] == ["none", "minor", "critical"] and severity["required"]
    assert [option["value"] for option in kinds["settings"]["options"]] == list(exported.packet.questions.errors)
    assert (kinds["settings"]["type"], kinds["required"]) == ("multi_label_selection", False)
    assert (corrected["name"], comment["name"], corrected["settings"]["type"]) == ("corrected", "comment", "text")
    assert [field["name"] for field in settings["fields"]] == ["input", "reference", "output"] == list(records[0]["fields"])
    assert "An error is critical if it" in settings["guidelines"]
    assert {record["metadata"]["packet"] for record in records} == {exported.packet.id} and "lora" not in json.dumps(records)


def test_each_user_of_a_record_is_a_rater_and_bad_records_are_rejected(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export(formats=["argilla"], repeats=0)
    records, _ = read(exported)
    for record in records[:3]:
        record["responses"] = {"preference": [{"value": "A", "user_id": "u1"}, {"value": "tie", "user_id": "u2"}]}
    records[3]["responses"] = {"preference": [{"value": "C", "user_id": "u1"}]}
    records[4]["responses"] = {"preference": "A"}
    records[5]["metadata"] = {}
    records[6] = 7
    records[7]["responses"] = {"quality": [{"value": "A", "user_id": "u1"}]}
    records[8]["responses"] = {"preference": [{"value": ["A", "B"], "user_id": "u1"}]}
    records[9]["responses"] = {"preference": [{"value": "A", "user_id": "u1"}, {"value": "B", "user_id": "u1"}]}
    file = tmp_path / "records.json"
    file.write_text(json.dumps(records))
    (summary,) = import_files(run, [file])
    assert (summary.new, len(summary.rejected)) == (6, 7)
    assert {rater for _, rater in load_ratings(run)} == {"rater-1", "rater-1/u2"}
    reasons = "\n".join(summary.rejected)
    assert "record 4: preference: 'C' is not one of A, B, tie, both bad" in reasons
    assert "record 5: responses: those of 'preference' must be a list of objects" in reasons
    assert "record 6: its metadata have no 'packet'" in reasons and "record 7: must be an object with 'fields' and 'responses'" in reasons
    assert "record 8: has an answer to 'quality', but none to a question of the packet: preference" in reasons
    assert "record 9: preference: the answer must be a text" in reasons
    assert "record 10: responses: one user has two different answers to 'preference'" in reasons


def test_records_of_another_version_are_refused_as_such(export: Export, run: StoredRun, tmp_path: Path) -> None:
    records, _ = read(export(formats=["argilla"], repeats=0))
    file = tmp_path / "records.json"
    for changed in ({"responses": [{"values": {"preference": {"value": "A"}}}]}, {"fields": None, "text": "x", "annotation": "A"}):
        file.write_text(json.dumps([record | changed for record in records]))
        (summary,) = import_files(run, [file])
        assert not summary.new and "as dataset.records.to_json of Argilla 2 writes them" in summary.rejected[0]
