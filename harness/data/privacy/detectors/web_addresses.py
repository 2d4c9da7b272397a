"""E-mail addresses, URLs and IP addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from harness.data.privacy.detectors.identifier import Identifier

_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%'-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])")
_URL = re.compile(r"\b(?:https?|ftp)://[^\s<>\"'()\[\]{}]{3,2000}|\bwww\.[^\s<>\"'()\[\]{}]{3,2000}", re.IGNORECASE)
_DOMAINS = (
    "com|org|net|edu|gov|mil|info|biz|io|co|uk|de|fr|it|es|nl|se|no|dk|fi|pl|ch|at|be|pt|ie|cz|hu|ru|au|nz|ca|us|in|za|br|mx|eu|me|"
    "tv|health|clinic"
)
_DOMAIN = re.compile(
    rf"(?<![\w@.-])(?:[A-Za-z\d][A-Za-z\d-]{{0,62}}\.){{1,4}}(?:{_DOMAINS})(?:\.[a-z]{{2}})?(?:/[^\s<>\"'()]{{0,2000}})?(?![\w-])"
)
_END = ".,;:!?…"
_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IP6 = re.compile(r"(?<![\w:.])(?=[\da-f]*:[\da-f:]*:)[\da-f:]{2,39}(?:\.\d{1,3}){0,3}(?![\w:])", re.IGNORECASE)


def find_web_addresses(text: str) -> Iterator[Identifier]:
    """E-mail, web and IP addresses. Version numbers such as 1.2.3.4 count as IP addresses."""
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield Identifier(*match.span(), "EMAIL", 0.99)
    if "." in text:
        for match in (*_URL.finditer(text), *_DOMAIN.finditer(text)):
            yield Identifier(match.start(), match.start() + len(match.group().rstrip(_END)), "URL", 0.96)
        for match in _IP4.finditer(text):
            if _is_ip(match.group()):
                yield Identifier(*match.span(), "IP", 0.97)
    if ":" in text:
        for match in _IP6.finditer(text):
            if match.group().count(":") > 1 and sum(c != ":" for c in match.group()) > 2 and _is_ip(match.group()):
                yield Identifier(*match.span(), "IP", 0.9)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
