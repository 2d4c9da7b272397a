"""The secret key: 32 random bytes, written as text in a file that only the user can read."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from pathlib import Path

from harness.errors import BenchError, setting

_BYTES = 32
_MOST_CHARACTERS = 200  # of a key file


def create_key(path: Path) -> bytes:
    """Write a new key; an existing file is never replaced.

    Raises:
        BenchError: the file cannot be written.
    """
    key = secrets.token_bytes(_BYTES)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(base64.urlsafe_b64encode(key).decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise BenchError(f"{setting('key', str(path))}: cannot be written ({error.strerror})") from None
    return key


def read_key(path: Path) -> bytes:
    """Read a key.

    Raises:
        BenchError: the file does not exist, cannot be read, or holds no key.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_CHARACTERS + 1)
    except OSError as error:
        raise BenchError(
            f"{setting('key', str(path))}: cannot be read ({error.strerror}). Name the key that the file was anonymized with"
        ) from None
    return parse_key(text, setting("key", str(path)))


def parse_key(text: bytes, where: str) -> bytes:
    """The key that a text states.

    Args:
        where: its source in messages.

    Raises:
        BenchError: it is no key.
    """
    try:
        key = base64.b64decode(text.strip(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _BYTES:
        raise BenchError(
            f"{where}: is not a key. A key is one line of {4 * -(-_BYTES // 3)} characters, as this command writes it into a new file"
        )
    return key


def new_key() -> bytes:
    """A key that is never written, so that the draws cannot be repeated."""
    return secrets.token_bytes(_BYTES)
