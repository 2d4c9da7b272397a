"""Answers of hosted models in the user's cache, so that none is paid twice: a file for each, named by what was asked.

The name is a hash of the address, of the whole request, and of which of several repeats it is. The key of the host is in neither. A file
that is damaged, or holds the answer to something else, is not read: the host is asked again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from harness.cache import cache_folder
from harness.engine.served import ChatReply
from harness.store import DigestedLines, from_json_text, make_private_folder, to_json_line

_MOST_BYTES = 16 << 20
_VERSION = 1  # of the file's form


@dataclass(frozen=True)
class HostedReply:
    """An answer as it came.

    Attributes:
        key: of what was asked, see `request_key`.
        asked: when, in ISO 8601 with a time zone.
        seconds: from the request to the complete answer, repeated attempts included.
    """

    key: str
    asked: str
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    reply: ChatReply


def request_key(address: str, body: Mapping[str, Any], repeat: int) -> str:
    """A hash of everything that an answer depends on and that is known here."""
    asked = json.dumps([_VERSION, address, body, repeat], sort_keys=True, default=str)
    return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()


class AnswerCache:
    """The answers of one user. Only the user can read them."""

    def __init__(self, folder: Path | None = None) -> None:
        """
        Args:
            folder: by default, `answers` in the cache folder.
        """
        self._folder = folder or cache_folder() / "answers"

    def read(self, key: str) -> HostedReply | None:
        """The answer to what was asked; None where there is none that can be read."""
        file = self._file(key)
        try:
            if file.stat().st_size > _MOST_BYTES:
                return None
            replies = [from_json_text(HostedReply, line) for line in DigestedLines(file).read()]
        except (OSError, ValueError):
            return None
        return next((reply for reply in replies if reply.key == key), None)

    def write(self, reply: HostedReply) -> None:
        """Keep an answer. A cache that cannot be written, because the disk is full or read-only, is none."""
        file = self._file(reply.key)
        try:
            for folder in (self._folder, file.parent):
                make_private_folder(folder)
            DigestedLines(file).append([to_json_line(HostedReply, reply)])
        except OSError:
            return

    def _file(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.txt"
