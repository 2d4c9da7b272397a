"""JSON files with their own digest in the last line: a change of any byte is noticed, and so is a file in another file's place.

The digest, a sha256 named "seal", covers the file's place in its run and all bytes before the last line.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, TypeVar

from harness.errors import BenchError
from harness.store.atomic import write_atomically
from harness.store.json_files import from_json_text, read_bytes, to_json_text

T = TypeVar("T")

_SEAL = re.compile(rb',\n "seal": "([0-9a-f]{64})"\n\}\n\Z')


def write_sealed(path: Path, kind: type[T], value: T, *, place: str) -> None:
    """Write a value, a dataclass with a field or more, as JSON with its digest. Only the user can read the file.

    Args:
        place: the file's path in its run, with slashes.
    """
    body = to_json_text(kind, value).encode("utf-8", "replace").removesuffix(b"\n}\n")
    write_atomically(path, lambda partial: _write(partial, body, place), private=True)


def read_sealed(path: Path, kind: type[T], *, place: str, advice: str) -> T:
    """Read a value that `write_sealed` wrote.

    Args:
        place: as for `write_sealed`.
        advice: what the user can do about a damaged file, as a sentence.

    Raises:
        BenchError: the file is missing, damaged, in another file's place, or another version's; the message names the first field at fault
            if there is one.
    """
    content = read_bytes(path)
    try:
        value = from_json_text(kind, _without_seal(content))
    except ValueError as error:
        raise BenchError(f"{path}: is damaged: {error}. {advice}") from None
    if not _fits(content, place):
        raise BenchError(f"{path}: {_DAMAGED}. {advice}")
    return value


def read_sealed_json(path: Path, *, place: str, advice: str) -> Any:
    """The plain values of such a file; raises as `read_sealed` does."""
    problem = check_sealed(path, place=place)
    if problem:
        raise BenchError(f"{path}: {problem}. {advice}")
    return json.loads(read_bytes(path))


def check_sealed(path: Path, *, place: str) -> str:
    """Why such a file is not as it was written, as the end of a sentence; empty if it is."""
    if not path.is_file():
        return "is missing"
    try:
        content = read_bytes(path)
    except BenchError as error:
        return error.problems[0].removeprefix(f"{path}: ")
    return "" if _fits(content, place) else _DAMAGED


_DAMAGED = "is damaged: its content does not fit the seal in its last line"


def _write(path: Path, body: bytes, place: str) -> None:
    path.write_bytes(body + f',\n "seal": "{_seal(body, place)}"\n}}\n'.encode())


def _seal(body: bytes, place: str) -> str:
    return hashlib.sha256(place.encode() + b"\0" + body).hexdigest()


def _fits(content: bytes, place: str) -> bool:
    seal = _SEAL.search(content)
    return seal is not None and _seal(content[: seal.start()], place) == seal[1].decode()


def _without_seal(content: bytes) -> str | bytes:
    """The JSON text without the digest, so that an error names the field at fault and not the digest."""
    seal = _SEAL.search(content)
    if seal is not None:
        return content[: seal.start()] + b"\n}"
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return content
    return json.dumps({name: each for name, each in value.items() if name != "seal"}) if isinstance(value, dict) else content
