"""Self-contained web pages. People open them with a double click, and they contain what models wrote, which is hostile text.

Three safeguards apply, each sufficient for most attacks: Jinja escapes everything that is printed (and our scripts insert text only as
text), `visible` spells out characters that a browser obeys, and the Content-Security-Policy allows only the inlined style and script,
identified by their hashes.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from harness.text import one_line, short, visible

_PAGE_SEAL = re.compile(rb"<!-- sha256 ([0-9a-f]{64}) -->\n\Z")


def page_environment(folder: Path) -> jinja2.Environment:
    """The templates of a folder; everything that they print is escaped and visible."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"one_line": one_line, "short": short}
    return environment


def content_security_policy(style: str, script: str) -> str:
    """A policy that allows this style and this script, and nothing else."""
    styles, scripts = (base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") for text in (style, script))
    return f"default-src 'none'; style-src 'sha256-{styles}'; script-src 'sha256-{scripts}'; base-uri 'none'; form-action 'none'"


def seal_page(page: str) -> str:
    """The page with a last line that has the sha256 of everything before it."""
    body = page if page.endswith("\n") else f"{page}\n"
    return f"{body}<!-- sha256 {_hash_page(body)} -->\n"


def is_page_intact(content: bytes) -> bool:
    """Whether a page is as `seal_page` returned it."""
    seal = _PAGE_SEAL.search(content)
    return seal is not None and hashlib.sha256(content[: seal.start()]).hexdigest() == seal[1].decode()


def _hash_page(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()


def pack_json(value: Any) -> str:
    """Compressed JSON in base64. It consists of letters, digits, "+", "/" and "=", so that it cannot end the element that contains it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 9, mtime=0)).decode("ascii")


def _printable(value: Any) -> Any:
    """Applied to everything that a template prints, so that no text can miss `visible`."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return "" if value is None else value
