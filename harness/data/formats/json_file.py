"""One JSON document as rows: a list of objects, an object that holds such a list, an object with an object a row, the columns of a
data frame, or SQuAD's layout.

The document is parsed as a whole; JSON Lines are what streams.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from harness.data.formats.jsonl import NAMES, check_texts, distinct_keys, finite, no_infinity
from harness.data.formats.records import BadRow, BadRowError, Record, Rows, listed, shown
from harness.data.formats.squad_json import is_squad, squad_rows
from harness.data.formats.text_file import EMPTY, TextFile
from harness.errors import BenchError

WHERE = "{name}: item {line}"


def is_lines(file: TextFile) -> bool:
    """Whether a file that ends in .json holds JSON Lines after all: its first two lines that are not blank are an object each."""
    filled = (line.strip() for line in file.lines("\n") if line.strip())
    two = list(islice(filled, 2))
    return len(two) == 2 and two[0][:1] == two[1][:1] == "{" and two[0][-1:] == "}"


def read_json(file: TextFile) -> Rows:
    """The records of a JSON document and its bad rows; their `line` is the number of the item, from 1.

    Raises:
        BenchError: empty, broken JSON, or a document in which there are no rows; and as `TextFile.lines` does.
    """
    for number, item in enumerate(_items(_parsed(file), file.name), 1):
        place = WHERE.format(name=file.name, line=number)
        if isinstance(item, BadRowError):
            yield BadRow(place, str(item), item.quoted)
            continue
        if not isinstance(item, dict):
            yield BadRow(place, f'{NAMES[type(item)]}, not an object like {{"input": …, "target": …}}: {shown(item)}', shown(item))
            continue
        try:
            check_texts(item)
        except BadRowError as error:
            yield BadRow(place, str(error), error.quoted)
        else:
            yield Record(number, item)


def _parsed(file: TextFile) -> Any:
    text = file.whole()
    if not text.strip():
        raise BenchError(f"{file.name}: {EMPTY}")
    try:
        return json.loads(text, object_pairs_hook=distinct_keys, parse_constant=no_infinity, parse_float=finite)
    except json.JSONDecodeError as error:
        seen = shown(text[error.pos : error.pos + 20])
        raise BenchError(
            f"{file.name}:{error.lineno}: broken JSON at column {error.colno}: {error.msg}, seen {seen}. "
            "If each line holds an object of its own, let the file's name end in .jsonl"
        ) from None
    except RecursionError:
        raise BenchError(f"{file.name}: broken JSON: nested too deep") from None
    except (BadRowError, ValueError) as error:
        raise BenchError(f"{file.name}: broken JSON: {error}".replace("broken JSON: broken JSON", "broken JSON")) from None


def _items(document: Any, name: str) -> Iterator[Any]:
    if is_squad(document):
        return squad_rows(document)
    if isinstance(document, list):
        if not document:
            raise BenchError(f"{name}: the list is empty; it needs objects with inputs and targets")
        return iter(document)
    if not isinstance(document, dict):
        raise BenchError(f"{name}: the document is {NAMES[type(document)]}; it must be a list of objects")
    lists = {key: value for key, value in document.items() if isinstance(value, list) and value and isinstance(value[0], dict)}
    if len(lists) == 1:
        (key,) = lists
        return squad_rows(lists[key]) if is_squad(lists[key]) else iter(lists[key])
    if len(lists) > 1:
        raise BenchError(
            f"{name}: the document holds several lists of objects ({listed(lists)}), and only one can be the rows. Write it to a file "
            f"of its own: jq '.{next(iter(lists))}' {name} > {next(iter(lists))}.json"
        )
    if _is_frame(document):
        numbers = next(iter(document.values()))
        return ({column: cells[number] for column, cells in document.items()} for number in numbers)
    if document and all(isinstance(value, dict) for value in document.values()):
        return ({"id": key, **value} for key, value in document.items())
    raise BenchError(
        f"{name}: there are no rows in the document: it must be a list of objects, an object that holds exactly one, or an object with an "
        f"object a row. Its keys: {listed(document) or 'none'}{_of_a_split_frame(document)}"
    )


def _is_frame(document: dict[str, Any]) -> bool:
    """Whether this is what pandas' `to_json()` writes: an object a column, whose keys are the numbers of the rows, the same in each."""
    columns = list(document.values())
    if not columns or not all(isinstance(column, dict) and column for column in columns):
        return False
    same = all(column.keys() == columns[0].keys() for column in columns)
    return same and all(number.isdecimal() for number in columns[0]) and not all(name.isdecimal() for name in document)


def _of_a_split_frame(document: dict[str, Any]) -> str:
    if not {"columns", "data"} <= document.keys():
        return ""
    return '. It looks like a data frame by pandas\' to_json(orient="split"): write it with orient="records" instead'
