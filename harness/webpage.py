"""Pages that are one file and need nothing else. What people open by a double click holds what models wrote, and that is hostile text.

Three things keep it inert, each enough on its own for most of it: Jinja escapes whatever is printed (and our scripts set texts as
texts), `visible` spells out characters that a browser acts on, and the Content-Security-Policy allows the inlined style and the inlined
script, by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from harness.text import one_line, short, visible


def page_environment(folder: Path) -> jinja2.Environment:
    """Templates of a folder, with everything that they print escaped and visible."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"one_line": one_line, "short": short}
    return found


def content_security_policy(style: str, script: str) -> str:
    """What the page may load and run: this style and this script, and nothing else."""
    styles, scripts = (base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") for text in (style, script))
    return f"default-src 'none'; style-src 'sha256-{styles}'; script-src 'sha256-{scripts}'; base-uri 'none'; form-action 'none'"


def packed(value: Any) -> str:
    """JSON, compressed, in base64: letters, digits, '+', '/' and '=' alone, so that nothing in it can end the element that holds it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 9, mtime=0)).decode("ascii")


def _shown(value: Any) -> Any:
    """Every text that a template prints goes through `visible`, so that none can be forgotten."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return "" if value is None else value
