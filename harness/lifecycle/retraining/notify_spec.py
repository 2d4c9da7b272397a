"""Who is notified of a retraining, and how: the field `notify` of a lifecycle file."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from harness.types import Declared

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def find_address_problem(address: str) -> str:
    """Why nothing may be posted to an address; empty if it may."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port  # which raises for a port that is no number
    except ValueError as error:
        return f"is not an address: {error}"
    if not address.isascii() or not address.isprintable() or " " in address:
        return "must hold only visible ASCII characters"
    if not host or parts.scheme not in ("https", "http"):
        return "must be an address that begins with https://"
    if parts.scheme == "http" and host not in _LOOPBACK:
        return "must begin with https://; http:// is accepted for this machine only"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user or a password. Name the variable that holds the address: webhook_variable"
    return ""


def _check_address(address: str) -> str:
    problem = find_address_problem(address)
    if problem:
        raise ValueError(problem)
    return address


_File = Annotated[str, Field(min_length=1, max_length=1000)]
_MailAddress = Annotated[str, Field(pattern=r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$", max_length=254)]


class EmailSpec(Declared):
    """A mail, written to a file that `sendmail -t` sends."""

    file: _File
    to: _MailAddress
    sender: _MailAddress = "bench@localhost"


class NotifySpec(Declared):
    """Who is notified when a retraining has ended, or needs a person. Nothing is sent while nothing is due.

    A notice of the same situation is delivered once. What cannot be delivered is tried again by the next call.
    """

    webhook: Annotated[str, Field(max_length=2000), AfterValidator(_check_address)] | None = None
    """A JSON document is posted to this address."""
    webhook_variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)] | None = None
    """The environment variable that holds the address, where the address is a secret."""
    email: EmailSpec | None = None
    markdown: _File | None = None
    """A file that is written anew each time."""
    junit: _File | None = None

    @model_validator(mode="after")
    def _check_one(self) -> NotifySpec:
        if self.webhook is not None and self.webhook_variable is not None:
            raise ValueError("set either 'webhook' or 'webhook_variable', not both")
        return self

    @property
    def files(self) -> dict[str, str]:
        """The files that are written, by field."""
        files = {"markdown": self.markdown, "junit": self.junit, "email": self.email.file if self.email is not None else None}
        return {name: file for name, file in files.items() if file is not None}
