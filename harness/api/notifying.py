"""Notices of a retraining: a JSON document that is posted, a mail as a file, Markdown and JUnit XML. None holds a text of an example."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, time
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime
from http.client import HTTPException, HTTPMessage
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import IO, TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from harness.reporting import retraining_to_json, retraining_to_junit, retraining_to_markdown
from harness.reporting.wording import retrain_sentences
from harness.store import write_text
from harness.text import one_line

if TYPE_CHECKING:
    from harness.lifecycle.retraining import NotifySpec, StepResult

_LINE = 400  # characters of a line of a mail, which may have 998: a folded subject would begin with a space
_SECONDS = 10  # that a webhook may be silent
_MOST_SECONDS = 30  # that it has to answer, also if it sends a byte from time to time: a step holds its lock meanwhile


def deliver(result: StepResult, notify: NotifySpec) -> tuple[str, ...]:
    """Write the files, and post the document.

    Returns:
        Why a notice was not delivered, one sentence each. A notice never fails a step.
    """
    problems = [_write(Path(file), _FORMATS[name](result, notify)) for name, file in notify.files.items()]
    if notify.webhook is not None or notify.webhook_variable is not None:
        problems.append(_post(result, notify))
    return tuple(problem for problem in problems if problem)


def to_mail(result: StepResult, notify: NotifySpec) -> str:
    """The mail with its headers, for `sendmail -t`."""
    assert notify.email is not None
    mail = EmailMessage(default.clone(max_line_length=_LINE))
    mail["From"], mail["To"] = notify.email.sender, notify.email.to
    mail["Date"] = format_datetime(datetime.combine(result.today, time(), UTC))
    headline = retrain_sentences.describe_outcome(result)
    mail["Subject"] = one_line(headline, 200)
    lines = [headline, "", *retrain_sentences.list_facts(result), *retrain_sentences.list_notes(result)]
    mail.set_content("\n".join(lines) + "\n")
    return mail.as_string()


_FORMATS: dict[str, Callable[[StepResult, NotifySpec], str]] = {
    "markdown": lambda result, _: retraining_to_markdown(result),
    "junit": lambda result, _: retraining_to_junit(result),
    "email": to_mail,
}


def _write(file: Path, text: str) -> str:
    try:
        write_text(file, text)
    except OSError as error:
        return f"{file}: cannot be written: {error.strerror}"
    return ""


def _post(result: StepResult, notify: NotifySpec) -> str:
    """Post the document. The address may be a secret, so that messages name its host alone."""
    from harness.lifecycle.retraining import find_address_problem

    address = notify.webhook
    if address is None:
        address = os.environ.get(notify.webhook_variable or "", "")
        problem = find_address_problem(address)
        if problem:
            return f"webhook: the variable {notify.webhook_variable} {problem if address else 'is not set'}"
    document = retraining_to_json(result) | {"id": f"{result.task}-{result.number or result.today.isoformat()}-{result.outcome}"}
    body = json.dumps(document, ensure_ascii=True, allow_nan=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": f"finetune-bench/{version('finetune-bench')}"}
    request, place = Request(address, body, headers, method="POST"), f"webhook at {urlsplit(address).hostname}"
    problems: list[str] = []
    posting = Thread(target=lambda: problems.append(_send(request, place)), daemon=True)
    posting.start()
    posting.join(_MOST_SECONDS)
    return problems[0] if problems else f"{place}: has not answered within {_MOST_SECONDS:g} seconds"


def _send(request: Request, place: str) -> str:
    try:
        with build_opener(_NoRedirect).open(request, timeout=_SECONDS) as answer:
            return "" if 200 <= answer.status < 300 else f"{place}: answered with status {answer.status}"
    except HTTPError as error:
        return f"{place}: answered with status {error.code}"
    except URLError as error:
        return f"{place}: cannot be reached: {one_line(str(error.reason), 200)}"
    except (OSError, HTTPException, ValueError) as error:
        return f"{place}: cannot be reached: {one_line(str(error), 200) or type(error).__name__}"


class _NoRedirect(HTTPRedirectHandler):
    """A redirect would send the document to an address that the file does not name."""

    def redirect_request(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str) -> None:
        return None
