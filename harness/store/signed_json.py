"""JSON documents with an ed25519 signature (RFC 8032): who has the public key can see whether a document was changed, and who signed it.

{"…": …, "signature": {"algorithm": "ed25519", "public_key": base64, "value": base64}}

What is signed are the bytes of the document without its signature, as `json.dumps` writes them with sorted keys and without white space.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.bounded_file import read_bounded
from harness.errors import BenchError, setting
from harness.store.atomic import make_private_folder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ALGORITHM = "ed25519"
_MOST_KEY_BYTES = 10_000


@dataclass(frozen=True)
class Signer:
    """Who signed a document.

    Attributes:
        public_key: 32 bytes.
    """

    public_key: bytes

    @property
    def fingerprint(self) -> str:
        """What people compare: the first 32 hexadecimal digits of the sha256 of the key, in groups of four."""
        digest = hashlib.sha256(self.public_key).hexdigest()[:32]
        return " ".join(digest[i : i + 4] for i in range(0, len(digest), 4))


def user_key_file() -> Path:
    """Where the key of this user is, if no other one is named."""
    return Path.home() / ".config" / "finetune-bench" / "record.key"


def sign_document(document: Mapping[str, Any], key_file: Path) -> tuple[dict[str, Any], Signer]:
    """The document with its signature.

    Args:
        key_file: a private key in PEM, without a password. A file that does not exist gets a new key, which only the user can read.

    Raises:
        BenchError: the file is not such a key, or cannot be read or written.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = _read_key(key_file) if key_file.exists() else _create_key(key_file)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    value = key.sign(_to_bytes(document))
    signature = {"algorithm": ALGORITHM, "public_key": _to_text(public), "value": _to_text(value)}
    return {**document, "signature": signature}, Signer(public)


def check_signature(document: Mapping[str, Any]) -> Signer | None:
    """Who signed a document; None if it was changed since, or has no signature.

    The signature shows only that the owner of the key in it signed the document: compare the fingerprint with one that you trust.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signature = document.get("signature")
    if not isinstance(signature, Mapping) or signature.get("algorithm") != ALGORITHM or len(signature) != 3:
        return None
    try:
        public, value = (base64.b64decode(str(signature.get(name, "")), validate=True) for name in ("public_key", "value"))
        Ed25519PublicKey.from_public_bytes(public).verify(value, _to_bytes({k: v for k, v in document.items() if k != "signature"}))
    except (InvalidSignature, ValueError, TypeError, binascii.Error, RecursionError):
        return None
    return Signer(public)


def _to_bytes(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def _to_text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _read_key(file: Path) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    where = setting("key", str(file))
    strange = "is not an ed25519 private key in PEM without a password. Name a new file to get a new key"
    content = read_bounded(file, _MOST_KEY_BYTES, too_large=strange, shown=where)
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise BenchError(f"{where}: {strange}")
    return key


def _create_key(file: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    try:
        make_private_folder(file.parent) if not file.parent.exists() else None
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as content:
            content.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            content.flush()
            os.fsync(content.fileno())
    except OSError as error:
        raise BenchError(f"{setting('key', str(file))}: cannot be written ({error.strerror})") from None
    return key
