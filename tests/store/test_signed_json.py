"""Signed documents: any change is noticed, and the key says who signed."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from harness.errors import BenchError
from harness.store import check_signature, sign_document

DOCUMENT = {"name": "Bäcker \u202e ☃", "numbers": [1, 2.5, None, True], "nested": {"b": {"a": ""}}, "empty": []}


def test_a_document_that_is_written_and_read_again_is_as_it_was_signed(tmp_path: Path) -> None:
    signed, signer = sign_document(DOCUMENT, tmp_path / "own" / "key.pem")
    read = json.loads(json.dumps(signed, indent=3, ensure_ascii=False))
    found = check_signature(dict(reversed(list(read.items()))))
    assert found == signer and len(signer.fingerprint.split()) == 8
    assert stat.S_IMODE((tmp_path / "own" / "key.pem").stat().st_mode) == 0o600
    assert {name: value for name, value in signed.items() if name != "signature"} == DOCUMENT


def test_the_same_key_has_the_same_fingerprint_and_another_key_another(tmp_path: Path) -> None:
    first, again, other = (sign_document(DOCUMENT, tmp_path / name) for name in ("a.pem", "a.pem", "b.pem"))
    assert first == again and other[1] != first[1]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Bäcker"},
        {"numbers": [1, 2.5, None, False]},
        {"numbers": [1.0, 2.5, None, True]},
        {"nested": {"b": {"a": " "}}},
        {"more": 1},
        {"signature": None},
        {"signature": {}},
        {"signature": {"algorithm": "none", "public_key": "", "value": ""}},
        {"signature": {"algorithm": "ed25519", "public_key": "x", "value": "y"}},
        {"signature": {"algorithm": "ed25519", "public_key": [1], "value": {}}},
    ],
)
def test_any_change_is_noticed(tmp_path: Path, change: dict[str, Any]) -> None:
    signed, _ = sign_document(DOCUMENT, tmp_path / "key.pem")
    assert check_signature({**signed, **change}) is None
    assert check_signature({name: value for name, value in signed.items() if name != "empty"}) is None
    assert check_signature({**signed, "signature": {**signed["signature"], "note": "approved"}}) is None


def test_the_signature_of_another_key_does_not_fit(tmp_path: Path) -> None:
    (one, _), (other, _) = (sign_document(DOCUMENT, tmp_path / name) for name in ("a.pem", "b.pem"))
    mixed = {**one["signature"], "public_key": other["signature"]["public_key"]}
    assert check_signature({**one, "signature": mixed}) is None
    assert check_signature({**one, "signature": other["signature"]}) is not None, "anybody can sign with a key of their own"


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"\x00" * 20_000])
def test_what_is_no_key_is_one_clear_error_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    with pytest.raises(BenchError, match="is not an ed25519 private key in PEM"):
        sign_document(DOCUMENT, file)
    assert file.read_bytes() == content


def test_a_key_of_another_kind_or_with_a_password_is_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

    curve, own = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    (tmp_path / "curve.pem").write_bytes(curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "locked.pem").write_bytes(own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    for name in ("curve.pem", "locked.pem"):
        with pytest.raises(BenchError, match="is not an ed25519 private key in PEM without a password"):
            sign_document(DOCUMENT, tmp_path / name)


def test_a_folder_is_no_key_file_and_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="cannot be read"):
        sign_document(DOCUMENT, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="cannot be written"):
        sign_document(DOCUMENT, tmp_path / "file" / "key.pem")
