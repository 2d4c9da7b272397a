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
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from harness.text import one_line, short, visible

_PAGE_CONTENT = re.compile(rb'<template id="content">([A-Za-z0-9+/=]+)</template>')
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


def render_offline_page(
    folder: Path, template: str, content: Mapping[str, Any], *, styles: Sequence[str], scripts: Sequence[str], **values: Any
) -> str:
    """A page that people fill in, in one file that needs no network.

    Args:
        folder: of the template, styles and scripts.
        content: the data of the script.
        styles, scripts: the files that are inlined, in this order.
        values: what the template prints.
    """
    style, script = ("\n".join((folder / name).read_text(encoding="utf-8") for name in names) for names in (styles, scripts))
    page = page_environment(folder).get_template(template)
    return page.render(
        content=pack_json(content), style=Markup(style), script=Markup(script), policy=content_security_policy(style, script), **values
    )


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


def unpack_content(page: bytes, most: int) -> Any:
    """The data of a page that `render_offline_page` made.

    Args:
        most: bytes that the data may have, unpacked.

    Raises:
        ValueError: the page has no such data, or it is damaged or larger.
    """
    packed = _PAGE_CONTENT.search(page)
    if packed is None:
        raise ValueError("there is no packed content")
    unpacking = zlib.decompressobj(wbits=31)  # gzip
    try:
        text = unpacking.decompress(base64.b64decode(packed[1], validate=True), most)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not unpacking.eof:
        raise ValueError("the packed content is cut off or too large")
    return json.loads(text)


def _printable(value: Any) -> Any:
    """Applied to everything that a template prints, so that no text can miss `visible`."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return "" if value is None else value
