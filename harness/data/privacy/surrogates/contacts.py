"""Surrogates of phone numbers, e-mail, web and IP addresses, from ranges that are reserved for examples."""

from __future__ import annotations

import re

from harness.data.privacy.surrogates.characters import fill_digits, replace_characters
from harness.data.privacy.surrogates.keyed_choice import KeyedChoice

_FICTIONAL_LINES = 100  # 555-0100 to 555-0199 are kept free in every area of North America
_AREAS = ("202", "212", "303", "312", "404", "415", "503", "512", "602", "617", "702", "713", "808", "907")
_BRITISH = re.compile(r"^\(?(?:\+44|0044|0[1-37])")
_DOCUMENTATION = ("192.0.2", "198.51.100", "203.0.113")  # RFC 5737
_EXTENSION = re.compile(r"\s*(?:x|ext)", re.IGNORECASE)
_TOP_LEVELS = ("com", "net", "org")  # example.com and so on: RFC 2606


def replace_phone(text: str, choice: KeyedChoice, *subject: str) -> str:
    """A number in the same form, from a range for fiction where the country has one."""
    extension = _EXTENSION.search(text)
    main, rest = (text[: extension.start()], text[extension.start() :]) if extension else (text, "")
    digits = sum(map(str.isdigit, main))
    line = f"01{choice.number(_FICTIONAL_LINES, *subject, 'line'):02d}"
    if _BRITISH.match(main) and digits >= 10:
        tail = f"7700900{choice.number(1000, *subject, 'line'):03d}"  # Ofcom's mobile numbers for drama
    elif digits >= 10:
        tail = choice.item(_AREAS, *subject, "area") + "555" + line
    else:
        tail = "555" + line
    return fill_digits(main, tail) + (
        replace_characters(rest, choice, *subject, "extension") if rest and any(map(str.isdigit, rest)) else rest
    )


def replace_email(first: str, last: str, choice: KeyedChoice, *subject: str) -> str:
    """An address of a person with a surrogate name."""
    name = re.sub(r"[^a-z.]", "", f"{first}.{last}".lower())
    return f"{name}@example.{choice.item(_TOP_LEVELS, *subject)}"


def replace_url(text: str, choice: KeyedChoice, *subject: str) -> str:
    """An address below example.com, with the scheme, and with a path if there was one."""
    scheme = re.match(r"\w+://", text)
    bare = text[scheme.end() :] if scheme else text
    path = f"/{choice.number(16**8, *subject):08x}" if "/" in bare.rstrip("/") else ""
    return f"{scheme.group() if scheme else ''}{'www.' if bare.lower().startswith('www.') else ''}example.com{path}"


def replace_ip(text: str, choice: KeyedChoice, *subject: str) -> str:
    """An address from a range for documentation (RFC 5737, RFC 3849)."""
    if ":" in text:
        return f"2001:db8::{choice.number(16**4, *subject):x}"
    return f"{choice.item(_DOCUMENTATION, *subject, 'net')}.{1 + choice.number(254, *subject)}"
