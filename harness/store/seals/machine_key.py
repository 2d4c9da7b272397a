"""A key that only this user on this machine has: it shows which runs were made here.

If the key is lost, runs that were made here count as runs of another machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from harness.cache import cache_folder

_NAME = "machine.key"
_BYTES = 32


def sign(text: str) -> str | None:
    """The signature (hex) of a text; None if the key cannot be stored."""
    try:
        key = _read_key() or _create_key()
    except OSError:
        return None
    return None if key is None else _sign(key, text)


def is_signed_here(text: str, signature: str | None) -> bool:
    """Whether `sign` made this signature of the text on this machine."""
    try:
        key = _read_key()
    except OSError:
        return False
    return key is not None and signature is not None and hmac.compare_digest(_sign(key, text), signature)


def _sign(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _read_key() -> bytes | None:
    file = _key_file()
    key = file.read_bytes() if file.is_file() else b""
    return key if len(key) == _BYTES else None


def _create_key() -> bytes | None:
    """Create the key. If another process does so at the same time, both use the same one."""
    file = _key_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, secrets.token_bytes(_BYTES))
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        if file.is_file():  # damaged: another length
            part.replace(file)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(part, file)
    finally:
        part.unlink(missing_ok=True)
    return _read_key()


def _key_file() -> Path:
    return cache_folder() / _NAME
