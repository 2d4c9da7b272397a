"""The base class of all errors that users can solve, and helpers for their messages.

A message says what is wrong, where (file, line, field), the value seen, and what to do. `bench` prints it without a traceback and exits
with code 2. Any other exception is a bug in bench and keeps its traceback.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence

# A setting inside a message: its name, and its value if it has one. The delimiters are private-use characters, so that no text of a user
# is mistaken for a setting.
_SETTING = re.compile("\ue000([^\ue001\ue002]*)(?:\ue001([^\ue002]*))?\ue002")


_SHOWN_OPTIONS, _SHOWN_CHARACTERS = 40, 80  # of a list of known names, which may be the columns of a file


class BenchError(Exception):
    """A problem that the user can solve. `str` writes settings as Python does; `problems` is the input of `render_settings`.

    Args:
        problems: one message, or several when all problems are reported at once, such as the errors of a YAML file.
    """

    exit_code = 2

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))

    def __str__(self) -> str:
        return render_settings("\n".join(self.problems), _python_argument)


class RunStoppedError(BenchError):
    """A run stopped early although its request was valid. Running the same command again resumes it."""

    exit_code = 1


def setting(name: str, value: str | None = None) -> str:
    """Name a setting in a message: a parameter of the Python interface that the command line offers as an option.

    The core does not know the options: `setting("force")` becomes `force=True` in Python and `--force` on the command line.

    Args:
        name: the parameter; "fields.ROLE" for the column of a role.
        value: its value, or a placeholder such as "RUN:STRATEGY"; None for a switch.
    """
    return f"\ue000{name}\ue002" if value is None else f"\ue000{name}\ue001{value}\ue002"


def render_settings(text: str, write: Callable[[str, str | None], str]) -> str:
    """Replace each setting of a message by what `write(name, value)` returns."""
    return _SETTING.sub(lambda match: write(match[1], match[2]), text)


def _python_argument(name: str, value: str | None) -> str:
    if name.startswith("fields."):
        return f'fields={{"{name.removeprefix("fields.")}": "{value}"}}'
    if name == "cache_folder":  # a setting of the process, not of a call
        return f'harness.cache.use_cache_folder("{value}")'
    if value is None or value in ("True", "False") or value.replace(".", "", 1).isdecimal():
        return f"{name}={value or True}"
    return f'{name}="{value}"'


def first_line(error: BaseException) -> str:
    """The first line of a library's error message, or the name of its class if the message is empty."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown name: the most similar known names, or the first forty if none is similar.

    Returns:
        A sentence with a leading space, to be appended to the message; empty if there are no known names.
    """
    options = sorted(set(known))
    if similar := _similar_names(name, options):
        return similar
    shown = ", ".join(option[:_SHOWN_CHARACTERS] for option in options[:_SHOWN_OPTIONS])
    more = f" and {len(options) - _SHOWN_OPTIONS:,} more" if len(options) > _SHOWN_OPTIONS else ""
    return f" Known: {shown}{more}." if options else ""


def did_you_mean_one(name: str, known: Iterable[str], title: str = "Known") -> str:
    """A hint for an unknown name of a short list: the most similar known names, if there are any, and always all of them.

    Args:
        known: in the order in which they are listed.
        title: what they are called.

    Returns:
        One or two sentences with a leading space, to be appended to the message.
    """
    options = list(known)
    return f"{_similar_names(name, options)} {title}: {', '.join(options)}."


def _similar_names(name: str, options: Sequence[str]) -> str:
    """A question with the most similar names, with a leading space; empty if none is similar."""
    close = difflib.get_close_matches(name, options, n=2, cutoff=0.6)
    return " Did you mean " + " or ".join(f"'{c}'" for c in close) + "?" if close else ""
