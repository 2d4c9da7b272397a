"""Files beside a training file that look like its other splits."""

from __future__ import annotations

import re
from pathlib import Path

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


def _match_case(word: str, pattern: str) -> str:
    return word.upper() if pattern.isupper() else word.capitalize() if pattern[0].isupper() else word
