"""A JSON document with its own splits, such as {"train": [["a text", "a label"], …], "test": […]}."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harness.data.formats.json_file import parse_document
from harness.data.formats.text_file import TextFile
from harness.data.records import parse_split

_TRAIN_KEY = re.compile(r'"train(?:ing)?"\s*:', re.IGNORECASE)


def find_json_splits(file: TextFile) -> tuple[str, ...]:
    """The keys of a document whose values are lists of rows by split, in their order; empty if the document has another form.

    All lists of the document are splits if one is for training and another for validation or testing.

    Raises:
        BenchError: the document may have splits, but is not JSON; and as `TextFile.read`.
    """
    text = file.read()
    if text.lstrip("\ufeff \t\r\n")[:1] != "{" or not _TRAIN_KEY.search(text):
        return ()  # decoding a large document takes long, and is done again to read its rows
    return _split_keys(parse_document(text, file.name))


def _split_keys(document: Any) -> tuple[str, ...]:
    if not isinstance(document, Mapping):
        return ()
    keys = tuple(key for key, value in document.items() if isinstance(value, list) and value and isinstance(value[0], dict | list))
    splits = {parse_split(key) for key in keys}
    return keys if "train" in splits and splits & {"validation", "test"} else ()
