"""Ids are unique, and ids of the test set do not depend on the other splits."""

from __future__ import annotations


def test_ids_without_a_column_are_hashes(load):
    content = "input,target\n" + "same,row\n" * 3 + "".join(f"text {i},sum\n" for i in range(9))
    splits = load(content)
    ids = [e.id for part in (splits.train, splits.validation, splits.test) for e in part]
    assert len(set(ids)) == 12
    first = next(e.id for part in (splits.train, splits.validation, splits.test) for e in part if e.inputs["input"] == "same")
    assert len(first) == 16
    assert {f"{first}-2", f"{first}-3"} <= set(ids)


def test_ids_repeated_across_files_are_prefixed(load):
    files = {split: "id,input,target\n" + "".join(f"{i},{split} {i},x\n" for i in range(5)) for split in ("train", "validation", "test")}
    splits = load(files)
    assert [e.id for e in splits.test] == [f"test/{i}" for i in range(5)]
    assert any("prefixed with the name of its split" in line for line in splits.report.warnings)


def test_test_ids_do_not_depend_on_train(load):
    test = "input,target\nsame,x\nother,y\n"
    one = load({"train": "input,target\nsame,x\na,b\n", "test": test})
    two = load({"train": "input,target\na,b\n", "test": test})
    assert [e.id for e in one.test] == [e.id for e in two.test]
