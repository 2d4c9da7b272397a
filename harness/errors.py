"""The one error base that users see, and the helpers that word it.

An error says what is wrong, where (file, line, field), the value seen and what to do. `bench` prints the message without a traceback and
exits with code 2; any other exception is a defect of ours and keeps its traceback.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence

# A setting inside a message: its name, and its value if it has one. Private-use characters, so that no text of a user is taken for one.
_SETTING = re.compile("\ue000([^\ue001\ue002]*)(?:\ue001([^\ue002]*))?\ue002")


class BenchError(Exception):
    """A problem that the user can solve. `str` names settings as Python does; `problems` are for `render_settings`.

    Args:
        problems: one message, or all the problems found in one go (a YAML file with three errors names all three).
    """

    exit_code = 2

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))

    def __str__(self) -> str:
        return render_settings("\n".join(self.problems), _python_argument)


class RunStoppedError(BenchError):
    """A run stopped early, although nothing was wrong with the request: running the same command again resumes it."""

    exit_code = 1


def setting(name: str, value: str | None = None) -> str:
    """A setting as part of a message: a parameter of the Python interface that the command line calls by an option.

    The core does not know options: `setting("force")` reads `force=True` in Python and `--force` on the command line.

    Args:
        name: the parameter; a column's role as "fields.ROLE".
        value: the value to give, or a placeholder such as "RUN:STRATEGY"; None for a switch.
    """
    return f"\ue000{name}\ue002" if value is None else f"\ue000{name}\ue001{value}\ue002"


def render_settings(text: str, write: Callable[[str, str | None], str]) -> str:
    """The text with each setting written by `write(name, value)`."""
    return _SETTING.sub(lambda match: write(match[1], match[2]), text)


def _python_argument(name: str, value: str | None) -> str:
    if name.startswith("fields."):
        return f'fields={{"{name.removeprefix("fields.")}": "{value}"}}'
    if value is None or value in ("True", "False") or value.replace(".", "", 1).isdecimal():
        return f"{name}={value or True}"
    return f'{name}="{value}"'


def first_line(error: BaseException) -> str:
    """What an error of a library says, in one line; its kind where it says nothing."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint for a name that is not known: the closest ones if any is close, else all of them.

    Returns:
        A sentence that starts with a space, ready to be put behind the message; empty when nothing is known.
    """
    options = sorted(set(known))
    close = difflib.get_close_matches(name, options, n=2, cutoff=0.6)
    if close:
        return " Did you mean " + " or ".join(f"'{c}'" for c in close) + "?"
    return f" Known: {', '.join(options)}." if options else ""
