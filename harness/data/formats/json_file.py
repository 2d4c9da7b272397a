"""A JSON document as rows. It may be a list of objects or of lists, an object with such a list in it, an object with one object per row,
the columns of a data frame, or SQuAD's layout.

The values of a row that is a list are named by their position: "value 1", "value 2".

The document is parsed as a whole; only JSON Lines are read line by line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from harness.data.formats.squad_file import is_squad, parse_squad
from harness.data.formats.strict_json import TYPE_NAMES, decode_document, not_an_object
from harness.data.formats.text_file import EMPTY_FILE, TextFile
from harness.data.records import BadRow, BadRowError, Record, TableRows, check_texts, join_names, quote
from harness.errors import BenchError

ITEM_LOCATION = "{name}: item {line}"
SPLIT_NAME = "{name}[{split}]"  # of a document with its own splits


def is_json_lines(file: TextFile) -> bool:
    """Whether a .json file actually contains JSON Lines: each of its first two non-blank lines is an object."""
    filled = (line.strip() for line in file.lines("\n") if line.strip())
    two = list(islice(filled, 2))
    return len(two) == 2 and two[0][:1] == two[1][:1] == "{" and two[0][-1:] == "}"


def read_json(file: TextFile, split: str | None = None) -> TableRows:
    """The records and bad rows of a JSON document. Their `line` is the item's number, from 1.

    Args:
        split: the key of the document that holds the rows; None if the document as a whole holds them.

    Raises:
        BenchError: the file is empty, is not JSON, or contains no rows; and as `TextFile.lines`.
    """
    document = parse_document(file.read(), file.name)
    name = file.name if split is None else SPLIT_NAME.format(name=file.name, split=split)
    if split is not None:
        if not isinstance(document, dict) or split not in document:
            raise BenchError(f"{name}: the file changed while it was read. Wait until it is complete, then run again")
        document = document[split]
    number = width = 0
    for number, item in enumerate(_find_items(document, name), 1):
        width = width or (len(item) if isinstance(item, list) else 0)
        try:
            yield Record(number, _check_item(item, width))
        except BadRowError as error:
            yield BadRow(ITEM_LOCATION.format(name=name, line=number), str(error), error.excerpt)
    if not number:  # SQuAD's layout without a question
        raise BenchError(f"{name}: the document has no rows. It needs questions with their answers")


def _check_item(item: Any, width: int) -> dict[str, Any]:
    """A row as an object.

    Args:
        width: the number of values of the first row that is a list; 0 if there was none.
    """
    if isinstance(item, BadRowError):
        raise item
    if isinstance(item, list) and len(item) > 1:
        if len(item) != width:
            raise BadRowError(f"a list of {len(item)} values, but the first list has {width}: {quote(item)}", quote(item))
        item = {f"value {position}": value for position, value in enumerate(item, 1)}
    if not isinstance(item, dict):
        raise not_an_object(item, item)
    check_texts(item)
    return item


def parse_document(text: str, name: str) -> Any:
    """The value of a JSON document.

    Args:
        name: the file's name in messages.

    Raises:
        BenchError: the text is blank, is not JSON, or is not strict (see `decode_document`).
    """
    if not text.strip():
        raise BenchError(f"{name}: {EMPTY_FILE}")
    try:
        return decode_document(text)
    except json.JSONDecodeError as error:
        excerpt = quote(text[error.pos : error.pos + 20])
        raise BenchError(
            f"{name}:{error.lineno}: broken JSON at column {error.colno}: {error.msg}, found {excerpt}. "
            "If each line is an object, rename the file to .jsonl"
        ) from None
    except RecursionError:
        raise BenchError(f"{name}: broken JSON: nested too deeply") from None
    except (BadRowError, ValueError) as error:
        raise BenchError(f"{name}: broken JSON: {str(error).removeprefix('broken JSON: ')}") from None


def _find_items(document: Any, name: str) -> Iterator[Any]:
    """The rows inside a document; a `BadRowError` in place of a row that cannot be used."""
    if is_squad(document):
        return parse_squad(document)
    if isinstance(document, list):
        if not document:
            raise BenchError(f"{name}: the list is empty. It needs objects with inputs and targets")
        return iter(document)
    if not isinstance(document, dict):
        raise BenchError(f"{name}: the document is {TYPE_NAMES[type(document)]}, but it must be a list of objects")
    if hint := _split_frame_hint(document):
        raise BenchError(f"{name}: no rows found in the document. {hint}")
    by_type = [
        {key: value for key, value in document.items() if isinstance(value, list) and value and isinstance(value[0], row_type)}
        for row_type in (dict, list)
    ]
    lists = by_type[0] or by_type[1]
    if len(lists) == 1:
        (rows,) = lists.values()
        return parse_squad(rows) if is_squad(rows) else iter(rows)
    if len(lists) > 1:
        first = next(iter(lists))
        raise BenchError(
            f"{name}: the document contains several lists of rows ({join_names(lists)}), but only one can be read, "
            f"unless they are splits such as train and test. Write that one to its own file: jq '.{first}' {name} > {first}.json"
        )
    if _is_data_frame(document):
        numbers = next(iter(document.values()))
        return ({column: cells[number] for column, cells in document.items()} for number in numbers)
    if document and all(isinstance(value, dict) for value in document.values()):
        return ({"id": key, **value} for key, value in document.items())
    raise BenchError(
        f"{name}: no rows found in the document. It must be a list of objects, an object that contains exactly one such list, an object "
        f"with one object per row, or an object with splits such as train and test. Its keys: {join_names(document) or 'none'}"
    )


def _is_data_frame(document: dict[str, Any]) -> bool:
    """Whether pandas' `to_json()` wrote this: one object per column, whose keys are the row numbers, the same in each."""
    columns = list(document.values())
    if not columns or not all(isinstance(column, dict) and column for column in columns):
        return False
    same_keys = all(column.keys() == columns[0].keys() for column in columns)
    return same_keys and all(number.isdecimal() for number in columns[0]) and not all(name.isdecimal() for name in document)


def _split_frame_hint(document: dict[str, Any]) -> str:
    if not {"columns", "data"} <= document.keys():
        return ""
    return 'It looks like a data frame written by pandas\' to_json(orient="split"): use orient="records" instead'
