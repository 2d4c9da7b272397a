"""The encrypted mapping of an anonymized file: what was replaced, and where.

Layout: a magic line; a salt of 16 bytes; frames, each 4 bytes of length (big endian), a nonce of 12 bytes and a ciphertext of AES-256-GCM
(NIST SP 800-38D). The key of a file is derived from the user's key and the salt (HKDF with SHA-256, RFC 5869). A frame holds JSON Lines,
one for each row that was changed; its number is authenticated, so that frames cannot be dropped or exchanged. The last frame holds the
digest of the anonymized file.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from harness.errors import BenchError

_MAGIC = b"bench mapping 1\n"
_SALT, _NONCE, _LENGTH = 16, 12, 4  # bytes
_FRAME_BYTES = 2**20  # of plain text, from which a frame is written
_MOST_FRAME_BYTES = 2**28
_ROWS, _END = b"rows", b"end"


class MappingWriter:
    """Writes rows, frame by frame; nothing reaches the disk unencrypted."""

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        self._file = file
        salt = secrets.token_bytes(_SALT)
        self._cipher = _FrameCipher(key, salt)
        self._lines: list[bytes] = []
        self._size = 0
        self._frames = 0
        file.write(_MAGIC + salt)

    def add(self, row: int, changes: list[Any]) -> None:
        """Add the changes of one row; rows come in ascending order."""
        line = json.dumps([row, changes], ensure_ascii=True, separators=(",", ":")).encode()
        self._lines.append(line)
        self._size += len(line)
        if self._size >= _FRAME_BYTES:
            self._write_rows()

    def finish(self, digest: str, rows: int) -> None:
        """Write what is left, and the digest of the anonymized file."""
        if self._lines:
            self._write_rows()
        end = json.dumps({"sha256": digest, "rows": rows}).encode()
        self._file.write(self._cipher.seal(end, self._frames, _END))

    def _write_rows(self) -> None:
        self._file.write(self._cipher.seal(b"\n".join(self._lines), self._frames, _ROWS))
        self._frames += 1
        self._lines, self._size = [], 0


class MappingFile:
    """A mapping to read.

    Raises:
        BenchError: the file cannot be read, is no mapping, is damaged, or was written with another key.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                head = file.read(len(_MAGIC) + _SALT)
                if not head.startswith(_MAGIC) or len(head) != len(_MAGIC) + _SALT:
                    raise BenchError(f"{path}: is not a mapping that this command wrote")
                self._cipher = _FrameCipher(key, head[len(_MAGIC) :])
                self._offsets = self._find_frames(file)
                end = self._open(file, len(self._offsets) - 1, _END)
        except OSError as error:
            raise BenchError(f"{path}: cannot be read ({error.strerror})") from None
        try:
            values = json.loads(end)
            self.sha256, self.rows = str(values["sha256"]), int(values["rows"])
        except (ValueError, TypeError, KeyError):
            raise self._damaged() from None

    def changes(self) -> Iterator[tuple[int, list[Any]]]:
        """The rows that were changed, in ascending order, with their changes.

        Raises:
            BenchError: a part is damaged.
        """
        with self._path.open("rb") as file:
            for number in range(len(self._offsets) - 1):
                for line in self._open(file, number, _ROWS).split(b"\n"):
                    try:
                        row, changes = json.loads(line)
                    except (ValueError, TypeError, RecursionError):
                        raise self._damaged() from None
                    if not isinstance(row, int) or not isinstance(changes, list):
                        raise self._damaged()
                    yield row, changes

    def _find_frames(self, file: IO[bytes]) -> list[tuple[int, int]]:
        """Offset and length of each frame."""
        size = os.fstat(file.fileno()).st_size
        offsets = []
        while (position := file.tell()) < size:
            length = int.from_bytes(file.read(_LENGTH), "big")
            if not _NONCE < length <= _MOST_FRAME_BYTES or position + _LENGTH + length > size:
                raise self._damaged()
            offsets.append((position + _LENGTH, length))
            file.seek(length, os.SEEK_CUR)
        if not offsets:
            raise self._damaged()
        return offsets

    def _open(self, file: IO[bytes], number: int, kind: bytes) -> bytes:
        offset, length = self._offsets[number]
        file.seek(offset)
        text = self._cipher.open(file.read(length), number, kind)
        if text is None:
            raise BenchError(
                f"{self._path}: the key does not fit, or the mapping is damaged. Use the key that the mapping was written with"
            )
        return text

    def _damaged(self) -> BenchError:
        return BenchError(f"{self._path}: the mapping is damaged. Use another copy of it")


class _FrameCipher:
    def __init__(self, key: bytes, salt: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        self._aead = AESGCM(HKDF(SHA256(), 32, salt, b"bench mapping").derive(key))

    def seal(self, text: bytes, number: int, kind: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        frame = nonce + self._aead.encrypt(nonce, text, _associated(number, kind))
        return len(frame).to_bytes(_LENGTH, "big") + frame

    def open(self, frame: bytes, number: int, kind: bytes) -> bytes | None:
        """The text; None if it was not written so with this key."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._aead.decrypt(frame[:_NONCE], frame[_NONCE:], _associated(number, kind))
        except InvalidTag:
            return None


def _associated(number: int, kind: bytes) -> bytes:
    return kind + number.to_bytes(8, "big")
