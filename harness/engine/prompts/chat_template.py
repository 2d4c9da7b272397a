"""Rendering a model's chat template, a Jinja program that came with the model: its time and memory are limited.

transformers keeps a template from Python and from files, but not from running for days. The template therefore runs in a forked process
that the kernel stops. Where a process cannot be forked, it runs here, without limits.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import BenchError, first_line

MAX_SECONDS = 10
MAX_MEMORY = 2**31  # bytes beyond what this process has
MAX_LENGTH = 1_000_000  # bytes of the rendered text


def render_chat(tokenizer: Any, turns: Sequence[Mapping[str, str]], *, add_generation_prompt: bool = False) -> str:
    """The text that the chat template of a tokenizer makes of these turns.

    Raises:
        BenchError: the template fails, or exceeds a limit.
    """

    def render() -> str:
        text: str = tokenizer.apply_chat_template(list(turns), add_generation_prompt=add_generation_prompt, tokenize=False)
        return text

    try:
        succeeded, text = _call_limited(render) if hasattr(os, "fork") else _call(render)
    except OSError as error:
        raise BenchError(f"the model's chat template cannot be rendered: {error.strerror}") from None
    if succeeded and len(text) <= MAX_LENGTH:
        return text
    reason = f"it makes a text of more than {MAX_LENGTH:,} characters" if succeeded else text
    raise BenchError(f"the model's chat template cannot be rendered: {reason}. Set prompt_format: plain.")


def _call(render: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, render()
    except Exception as error:  # a template can raise anything
        return False, first_line(error)


def _call_limited(render: Callable[[], str]) -> tuple[bool, str]:
    """Whether the function succeeded, and its text or why it failed."""
    reading, writing = os.pipe()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the child runs no other thread, and touches neither torch nor a GPU
            child = os.fork()
        if child == 0:
            _run_child(render, writing)
        os.close(writing)
        writing = -1
        answer = _read_answer(reading, child)
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)
    if not answer:
        return False, f"it takes more than {MAX_SECONDS} seconds, or more memory than a template needs"
    return answer[:1] == b"1", answer[1:].decode("utf-8", "replace")


def _run_child(render: Callable[[], str], writing: int) -> None:
    """Write the answer and end the process, whatever happens: nothing of the parent may run in it."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        _limit_resources()
        succeeded, text = _call(render)
        pending = memoryview((b"1" if succeeded else b"0") + text[: MAX_LENGTH + 1].encode("utf-8", "replace"))
        while pending:
            pending = pending[os.write(writing, pending) :]
    finally:
        os._exit(0)


def _limit_resources() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    with contextlib.suppress(OSError, ValueError):  # only Linux tells how much memory a process has
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * os.sysconf("SC_PAGE_SIZE") + MAX_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _read_answer(reading: int, child: int) -> bytes:
    """All that the child writes; nothing if it does not end in time."""
    parts: list[bytes] = []
    try:
        while select.select([reading], [], [], 2 * MAX_SECONDS)[0]:
            if not (part := os.read(reading, 2**16)):
                return b"".join(parts)
            parts.append(part)
        return b""
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)
