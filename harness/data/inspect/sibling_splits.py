"""Files that look like the splits of one dataset, by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from harness.data.records import parse_split

# "train" as a word of its own, or capitalized inside of a name: data-train.csv, MTS-Dialog-TrainingSet.csv
_TRAIN = re.compile(r"(?<![a-z])(train|training)(?![a-z])|(?<=[-_. a-z])Train(ing)?(?=[A-Z_.-])", re.IGNORECASE)
_WORDS = {"validation": ("validation", "valid", "val", "dev"), "test": ("test",)}


def find_sibling_splits(file: Path) -> dict[str, Path]:
    """The files of all splits, by name: train.csv, dev.csv, test.csv. Empty unless the file is a training file and has a test file."""
    match = _TRAIN.search(file.name)
    if match is None or not file.is_file():
        return {}
    splits = {"train": file}
    for split, words in _WORDS.items():
        for word in words:
            sibling = file.with_name(file.name[: match.start()] + _match_case(word, match.group()) + file.name[match.end() :])
            if split not in splits and sibling.is_file():
                splits[split] = sibling
    return splits if "test" in splits else {}


def group_by_split(files: Sequence[Path]) -> dict[str, list[Path]]:
    """Files by the split that their names tell, as in train-00.jsonl, train-01.jsonl and test.jsonl.

    Empty unless each file tells exactly one split, and there are files of train and of test.
    """
    groups: dict[str, list[Path]] = {"train": [], "validation": [], "test": []}
    for file in files:
        words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", file.name).casefold())
        splits = {split for word in words if (split := parse_split(word)) is not None}
        if len(splits) != 1:
            return {}
        groups[splits.pop()].append(file)
    return {split: members for split, members in groups.items() if members} if groups["train"] and groups["test"] else {}


def _match_case(word: str, pattern: str) -> str:
    return word.upper() if pattern.isupper() else word.capitalize() if pattern[0].isupper() else word
