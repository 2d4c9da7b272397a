"""The one error base that users see, and the helpers that word it.

An error says what is wrong, where (file, line, field), the value seen and what to do. Whoever catches `BenchError` prints the
message without a traceback and exits with code 2; anything else is a defect of ours and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class BenchError(Exception):
    """A problem that the user can solve.

    Args:
        problems: one message, or all the problems found in one go (a YAML file with three errors names all three).
    """

    exit_code = 2

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class RunStoppedError(BenchError):
    """A run ended in the middle through no fault of the request: the same command goes on."""

    exit_code = 1


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
