"""Hostile inputs, drawn by hypothesis: valid files with damage, values where others belong, and files made of nothing but noise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

# What has broken readers: tokens of the formats, numbers at the end of a range, and characters that have a meaning somewhere.
_TEXTS = tuple(
    text.encode("utf-8", "surrogatepass")
    for text in (
        "", "\0", "\n", "\r\n", "\r", ",", ";", "\t", '"', '""', "'", "{}", "[]", "{", "}", "[", "]", "null", "true", "NaN", "-Infinity",
        "1e400", "-1", "0", "1e8", "9" * 400, "99999999999999999999", "0x10", "1:1:1", "2020-13-45", "\\ud800", "\\u0000", "\ufeff",
        "\u2028", "\u202e", "é", "\U0001f600", "\U0010ffff", "../../../x", "/etc/passwd", "a" * 300, "!!bool x", '!!int ""',
        "!!timestamp x", "!!set {a}", "!!binary x", "!!python/name:os.system", '"\\U00110000"', "&a", "*a", "&a [*a]", "<<: *a", "? ", ": ",
        "- ", "---\n", "...\n", "|\n", ">\n", "%TAG ! x\n", "{{ x }}", "{% for a in x %}", "{% endfor %}", "{{ 9**(9**8) }}", "|format(1)",
        "=HYPERLINK(1)", "<script>", "inf", "nan", "~", "yes", "=", "==", ":", "lora:r=8", "outputs:", "[a", "\x1b[31m", "\x1c",
    )
)  # fmt: skip
FRAGMENTS: tuple[bytes, ...] = (*_TEXTS, b"\xff\xfe", b"\xff", b"\xc3", b"\xed\xa0\x80", b"PK\x03\x04", b"PAR1", b"\x1f\x8b\x08")

# A value of the wrong type or range, for any place of a JSON document.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 3.5, -0.0, 1e308, -1e308, 10**8, 10**18, 10**400, "", "x", "x" * 300, "\0", "\ud800", "../../../x",
    "/etc/passwd", "1", "nan", "\u202e", "2020-01-01", [], [None], [[]], ["x", "x"], [0.5], {}, {"": None}, {"x": {}}, {"name": 3},
    [[[[[[[[[[]]]]]]]]]], "{{ x }}", "lora", "base", "tiny", float("nan"), float("inf"),
)  # fmt: skip


def damaged(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of the seeds after up to six kinds of damage; seldom a file without any form."""
    return st.one_of(_damaged(seeds), _damaged(seeds), _damaged(seeds), st.binary(max_size=200), _noise())


@st.composite
def _damaged(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    content = draw(st.sampled_from(list(seeds)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        match draw(st.integers(0, 6)):
            case 0:
                content = content[:start] + draw(st.sampled_from(FRAGMENTS)) + content[start:]
            case 1:
                content = content[:start] + draw(st.sampled_from(FRAGMENTS)) + content[start + draw(st.integers(0, 12)) :]
            case 2:
                content = content[:start] + content[start + draw(st.integers(1, 60)) :]
            case 3:
                content = content[:start]
            case 4:
                part = content[start : start + draw(st.integers(1, 200))]
                content = content[:start] + part * draw(st.integers(2, 5)) + content[start:]
            case 5 if content:
                place = min(start, len(content) - 1)
                content = content[:place] + bytes([content[place] ^ (1 << draw(st.integers(0, 7)))]) + content[place + 1 :]
            case _:
                other = draw(st.sampled_from(list(seeds)))
                content = content[:start] + other[draw(st.integers(0, len(other))) :]
    return content[:100_000]


def _noise() -> st.SearchStrategy[bytes]:
    return st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(b"".join)


@st.composite
def _altered(draw: st.DrawFn, documents: Sequence[Any]) -> bytes:
    """A JSON document with up to three changes: another value, a missing or a new key, an item twice."""
    document = json.loads(json.dumps(draw(st.sampled_from(list(documents)))))
    for _ in range(draw(st.integers(1, 3))):
        places = _list_places(document)
        if not places:
            return json.dumps(draw(st.sampled_from(VALUES))).encode()
        holder, key = draw(st.sampled_from(places))
        match draw(st.integers(0, 4)):
            case 0 | 1:
                holder[key] = deepcopy(draw(st.sampled_from(VALUES)))  # a later change must not reach the other inputs
            case 2:
                del holder[key]
            case 3 if isinstance(holder, list):
                holder.insert(key, holder[key])
            case 3:
                holder[draw(st.sampled_from(["", "x", "name", "id", "../x", "\ud800", "__class__"]))] = holder[key]
            case _:
                other, other_key = draw(st.sampled_from(places))
                if _is_there(other, other_key) and _is_there(holder, key):
                    holder[key] = json.loads(json.dumps(other[other_key]))
    return json.dumps(document).encode()


def altered(documents: Sequence[Any]) -> st.SearchStrategy[bytes]:
    """JSON documents with values where others belong."""
    return _altered(documents)


def _list_places(document: Any) -> list[tuple[Any, Any]]:
    """Every place of a document, as the container and the key or position in it; the longest lists are not searched to their end."""
    places: list[tuple[Any, Any]] = []
    pending = [document]
    while pending and len(places) < 3000:
        value = pending.pop()
        keys = list(value) if isinstance(value, dict) else range(min(len(value), 5)) if isinstance(value, list) else []
        for key in keys:
            places.append((value, key))
            pending.append(value[key])
    return places


def _is_there(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else key < len(holder)
