"""A plan without the folders of the machine that made it: of each absolute path only the name of the file is left."""

from __future__ import annotations

import json
import re
from typing import Any

from harness.store.json_files import from_json_text, to_json_text
from harness.store.run_plan import RunPlan

_START = (
    r"(?:~\w*|[A-Za-z]:|\.\.)?[/\\]"  # of an absolute path, of one from the home folder, of one that leads out of the working directory
)
_WORD = re.compile(rf"""(?<![\w.~/\\<-]){_START}(?:[^/\\\s'",;:=]+[/\\])*(?=[^/\\\s])""")
_QUOTED = re.compile(rf"'{_START}(?:[^'/\\]+[/\\])*(?=[^'/\\]+')")  # may hold blanks
_WHOLE = re.compile(rf"\A(\w\w+[:=])?{_START}(?:[^/\\\n]+[/\\])*(?=[^/\\\n]+\Z)")
_KEPT = ("prompt", "metrics")  # a prompt may hold anything, and a metric that is a script is known by its path


def remove_folders(plan: RunPlan) -> RunPlan:
    """The plan with the names of files in place of their paths, in the command, in the data of tasks and in what was requested."""
    return from_json_text(RunPlan, json.dumps(_shorten(json.loads(to_json_text(RunPlan, plan)))))


def _shorten(value: Any) -> Any:
    if isinstance(value, dict):
        return {_shorten(name): each if name in _KEPT else _shorten(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_shorten(each) for each in value]
    return _WORD.sub("", _QUOTED.sub("'", _WHOLE.sub(r"\1", value))) if isinstance(value, str) else value
