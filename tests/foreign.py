"""Files as a stranger may send them: a JSON file of a run changed by hand, with everything that marks it as undamaged renewed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def edit_json(file: Path, change: Callable[[Any], Any]) -> None:
    """Change a JSON file in place; `change` gets its value, and may return another one."""
    value = json.loads(file.read_text(encoding="utf-8"))
    changed = change(value)
    file.unlink()  # it may share its content with another run (hard link)
    file.write_text(json.dumps(value if changed is None else changed), encoding="utf-8")
