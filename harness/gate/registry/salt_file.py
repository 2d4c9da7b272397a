"""The key with which a registry hides the test examples that it has seen.

salt.key holds 256 random bits, and head.json their sha256. Without the key, hashing a text does not show whether it was a test
example; with it, the registry sees which examples two test sets share.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import BenchError
from harness.store import write_text

SALT = "salt.key"
_CONTENT = re.compile(rb"[0-9a-f]{64}\n")
_RESTORE = "Restore a backup."


def create_salt(folder: Path) -> None:
    """Write a new key. Only the user can read it."""
    write_text(folder / SALT, f"{secrets.token_hex(32)}\n", private=True)


def digest_salt(folder: Path) -> str:
    """sha256 (hex) of the key.

    Raises:
        BenchError: it is missing or damaged.
    """
    return hashlib.sha256(_read_salt(folder)).hexdigest()


def hide_examples(folder: Path, digests: Sequence[str]) -> NDArray[np.uint64]:
    """64 bits of the salted digest of each example, in order and without duplicates: enough to see which examples two test sets share.

    Args:
        digests: sha256 (hex) of each example.

    Raises:
        BenchError: the key is missing or damaged.
    """
    salt = _read_salt(folder)
    salted = [hmac.new(salt, digest.encode(), "sha256").hexdigest() for digest in digests]
    return np.unique(np.array([int(digest[:16], 16) for digest in salted], dtype=np.uint64))


def _read_salt(folder: Path) -> bytes:
    file = folder / SALT
    if not file.is_file():
        raise BenchError(f"{file}: is missing, so evaluations of a test set cannot be counted. {_RESTORE}")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BenchError(f"{file}: cannot be read: {error.strerror}") from None
    if not _CONTENT.fullmatch(content):
        raise BenchError(f"{file}: is damaged, so evaluations of a test set cannot be counted. {_RESTORE}")
    return content
