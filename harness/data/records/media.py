"""Images, audio and video, which models of text cannot read: how files, bytes and values of columns are recognized."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

Media: TypeAlias = Literal["images", "audio", "video"]

_EXTENSIONS: Mapping[Media, tuple[str, ...]] = {
    "images": (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".svg", ".heic", ".dcm"),
    "audio": (".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aac"),
    "video": (".mp4", ".avi", ".mov", ".mkv", ".webm"),
}
_KINDS: Mapping[str, Media] = {extension: kind for kind, extensions in _EXTENSIONS.items() for extension in extensions}
# The first bytes of a file. A RIFF file says at byte 8 what it holds.
_MAGIC: tuple[tuple[bytes, Media], ...] = (
    (b"\x89PNG\r\n\x1a\n", "images"),
    (b"\xff\xd8\xff", "images"),
    (b"GIF8", "images"),
    (b"II*\0", "images"),
    (b"MM\0*", "images"),
    (b"fLaC", "audio"),
    (b"OggS", "audio"),
    (b"ID3", "audio"),
    (b"\x1aE\xdf\xa3", "video"),
)
_RIFF: Mapping[bytes, Media] = {b"WEBP": "images", b"WAVE": "audio", b"AVI ": "video"}
_MAX_NAME = 1000  # characters of the name of a file
TEXT_ONLY = "The models that bench adapts and tests read text only, so images, audio and video cannot be used. Describe them in words"


def media_of_extension(extension: str) -> Media | None:
    """What files with this extension hold, in any case; None for other files."""
    return _KINDS.get(extension.lower())


def media_of_bytes(head: bytes) -> Media | None:
    """What bytes that start like this hold; None for others."""
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return "video"
    return next((media for magic, media in _MAGIC if head.startswith(magic)), None)


def media_of_values(values: Iterable[Any]) -> Media | None:
    """What a column holds if each of its values that is not empty is an image, a recording or a video, or the name of one; else None."""
    media = None
    for value in values:
        if value in (None, "", []):
            continue
        media = _media_of_value(value)
        if media is None:
            return None
    return media


def _media_of_value(value: Any) -> Media | None:
    """As bytes, as a structure of `datasets` ({"bytes": …, "path": …}, {"array": …, "sampling_rate": …}), as a data URI, or as a name."""
    match value:
        case bytes():
            return media_of_bytes(value)
        case str():
            return _media_of_text(value)
        case list():
            return media_of_values(value)
        case {"array": _, "sampling_rate": _}:
            return "audio"
        case {"bytes": content, "path": path, **others} if not others:
            return _media_of_value(content or b"") or _media_of_value(path or "")
    return None


def _media_of_text(text: str) -> Media | None:
    if text.startswith("data:"):
        kind = text[5:12].partition("/")[0]
        return {"image": "images", "audio": "audio", "video": "video"}.get(kind)  # type: ignore[return-value]
    stem, dot, extension = text.rpartition(".")
    if not stem or len(text) > _MAX_NAME or "\n" in text or (" " in text and "/" not in text):
        return None  # a sentence may end in the name of a file
    return _KINDS.get((dot + extension).lower())
