"""A server with an OpenAI-compatible interface, reached over HTTP: its models, completions of a prompt, and answers in a chat.

What the server sends is a stranger's: it is limited in size and time, and checked. Redirects are not followed and proxies of the
environment are not used, so that nothing but the host that the user typed is contacted. That, and the limits, is why the requests are made
with httpx and not with the client of one vendor: it follows redirects, reads addresses from the environment, and reads answers of any size.
"""

from __future__ import annotations

import ipaddress
import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from harness.engine.served.failed_attempt import FailedAttempt
from harness.engine.served.pace import Pace, read_retry_after
from harness.engine.served.replies import ChatReply, ServerCompletion, UnreadableReplyError, read_chat, read_completion
from harness.errors import BenchError, first_line
from harness.text import one_line

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

_ATTEMPTS = 5
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0  # seconds between two attempts, unless the server asks for more
_LONGEST_ASKED = 600.0  # seconds that a server may ask to wait
_MOST_BYTES = 8 << 20  # of a response
_TOO_MANY = 429
_MAY_PASS = (408, 409, 425, _TOO_MANY, 500, 502, 503, 504, 529)
_CONNECT_SECONDS = 10.0
_HIDDEN = "[key]"
_LONGEST_DETAIL = 300  # characters of what a server says about a failure


class ServerRefusalError(BenchError):
    """The server refused a request: repeating it would not help.

    Args:
        status: the HTTP status.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class ServerFailureError(BenchError):
    """The server reported an error of its own (status 500) each time: it may be broken, or not know this form of request."""


class _MayPassError(Exception):
    """A failure after which the same request may succeed.

    Attributes:
        wait: what the server asks for, in seconds.
        was_sent: whether the server may have worked on the request, and may charge for it.
        status: the HTTP status, 0 without one.
        detail: what the server says about it, ready to be shown; empty where it says nothing.
    """

    def __init__(self, problem: str, wait: float = 0.0, *, was_sent: bool = False, status: int = 0, detail: str = "") -> None:
        super().__init__(problem)
        self.wait, self.was_sent, self.status, self.detail = wait, was_sent, status, detail


def parse_address(url: str) -> str:
    """Scheme, host and port of a server's URL; a path `/v1` is left out.

    Raises:
        BenchError: the URL is not of this form.
    """
    address, path = _split_url(url, "http://127.0.0.1:8000")
    if path not in ("", "/v1"):
        raise BenchError(f"'{one_line(url, 200)}' is not the URL of a server. Write it as http://127.0.0.1:8000")
    return address


def parse_base_url(url: str) -> tuple[str, str]:
    """A base URL without a final slash, and its host in lower case.

    Raises:
        BenchError: the URL is not one, or uses plain http for another machine.
    """
    address, path = _split_url(url, "https://api.example.com/v1")
    host = (urlsplit(address).hostname or "").lower()
    if address.startswith("http:") and not is_this_machine(host):
        raise BenchError(
            f"'{one_line(url, 200)}' uses http, which every network on the way can read. Write https, unless the server is on this machine"
        )
    return address + path, host


def is_this_machine(host: str) -> bool:
    """Whether a host is the loopback address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split_url(url: str, example: str) -> tuple[str, str]:
    """Scheme, host and port, and the path without a final slash."""
    shown = one_line(url, 200)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BenchError(f"'{shown}' is not the URL of a server: {error}. Write it as {example}") from None
    if parts.username is not None or parts.password is not None:
        raise BenchError("the URL of the server holds a user or a password: put a key into an environment variable, and name that variable")
    is_plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or not is_plain:
        raise BenchError(f"'{shown}' is not the URL of a server. Write it as {example}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{'' if port is None else f':{port}'}", parts.path.rstrip("/")


class ServerClient:
    """Sends requests to one server, from several threads at once.

    Attributes:
        address: the base URL.
        retries: requests that were repeated.
        unanswered: requests that the server may have worked on, and charge for, without an answer that could be read.
    """

    def __init__(
        self,
        address: str,
        *,
        key: str = "",
        timeout: float = 120.0,
        attempts: int = _ATTEMPTS,
        pace: Pace | None = None,
        sleep: Callable[[float], object] | None = None,
        jitter: Callable[[], float] = random.random,
        on_failure: Callable[[FailedAttempt], object] = lambda failed: None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """
        Args:
            address: the base URL, such as http://127.0.0.1:8000/v1.
            key: sent as a bearer token; empty: none.
            timeout: the most seconds of a request.
            attempts: how often a request is sent at most.
            pace: how fast requests follow each other; None: as fast as they come.
            sleep: waits between two attempts; None: as time does, until `stop` is called.
            jitter: from 0 to 1; lengthens the waits, so that threads do not come back all at once.
            on_failure: receives each failure after which the request is repeated, in the thread of the request, before it waits.
            transport: what carries the requests; None: the network.
        """
        import httpx

        headers = {"Authorization": f"Bearer {key}"} if key else {}
        limits = httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS))
        self.address, self.retries, self.unanswered = address, 0, 0
        self._key, self._timeout, self._attempts = key, timeout, attempts
        self._pace, self._jitter, self._on_failure = pace or Pace(), jitter, on_failure
        self._stopping = threading.Event()
        self._sleep, self._counting = sleep or self._stopping.wait, threading.Lock()
        self._client = httpx.Client(headers=headers, timeout=limits, trust_env=False, follow_redirects=False, transport=transport)

    def stop(self) -> None:
        """End all waiting: requests that are under way are answered, and none is repeated."""
        self._stopping.set()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def find_model(self, wanted: str | None) -> str:
        """The name of the model to ask.

        Args:
            wanted: as the user named it; None: the only one that the server has.

        Raises:
            BenchError: the server cannot be reached, or has no such model, or several.
        """
        try:
            names = self.list_models()
        except ServerRefusalError as refusal:
            if refusal.status != 404 or wanted is None:
                raise
            return wanted  # a server without a list
        shown = ", ".join(one_line(name, 80) for name in names[:10]) or "none"
        if wanted is not None and wanted not in names:
            raise BenchError(f"{self.address}: has no model '{wanted}'. Models there: {shown}.")
        if wanted is None and len(names) != 1:
            raise BenchError(f"{self.address}: has {len(names)} models ({shown}). Name the one to ask.")
        return names[0] if wanted is None else wanted

    def list_models(self) -> list[str]:
        """The models that the server names.

        Raises:
            ServerRefusalError: the server refused the request.
            ServerFailureError: it reported an error of its own, several times.
            BenchError: it did not answer it, after several attempts.
        """
        listed = self._attempt("GET", "/models", None, lambda value: value.get("data"))
        return [str(each.get("id")) for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []

    def complete(self, body: Mapping[str, Any], *, attempts: int | None = None) -> ServerCompletion:
        """The completion of a prompt; raises as `list_models` does.

        Args:
            attempts: how often the request is sent at most; None: as often as any other.
        """
        return self._attempt("POST", "/completions", body, read_completion, attempts)

    def chat(self, body: Mapping[str, Any]) -> ChatReply:
        """The answer in a chat; raises as `list_models` does."""
        return self._attempt("POST", "/chat/completions", body, read_chat)

    def _attempt(
        self, method: str, path: str, body: Mapping[str, Any] | None, read: Callable[[dict[str, Any]], T], attempts: int | None = None
    ) -> T:
        place, problem, detail, status = f"{self.address}{path}", "", "", 0
        most = self._attempts if attempts is None else attempts
        for attempt in range(most):
            if attempt:
                with self._counting:
                    self.retries += 1
            if (turn := self._pace.take_turn()) > 0:
                self._sleep(turn)
            if self._stopping.is_set():
                raise BenchError(f"{place}: {problem or 'not asked, because the run was stopped'}")
            try:
                return self._send_and_read(method, path, body, read)
            except _MayPassError as error:
                problem, detail, status = str(error), error.detail, error.status
                with self._counting:
                    self.unanswered += error.was_sent
                if error.wait > _LONGEST_ASKED:
                    raise BenchError(f"{place}: {problem}, and asks to wait for {error.wait:,.0f} s. Try again then.") from None
                if error.wait:
                    self._pace.pause(error.wait)  # of all threads, this one included
                if attempt + 1 < most:
                    wait = error.wait or min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt) * (1 + self._jitter())
                    self._on_failure(FailedAttempt(f"{problem}: {detail}" if detail else problem, attempt + 2, most, wait))
                    if not error.wait:
                        self._sleep(wait)
        kind = ServerFailureError if status == 500 else BenchError
        advice = "Is the server running, and is this its address?"
        if status == _TOO_MANY:
            advice = "It allows fewer requests. Try again later; for a hosted model, set api.requests_per_minute lower."
        last = f" The last answer: {detail}" if detail else ""
        raise kind(f"{place}: {problem}, {most} times. {advice}{last}")

    def _send_and_read(self, method: str, path: str, body: Mapping[str, Any] | None, read: Callable[[dict[str, Any]], T]) -> T:
        """One attempt; raises as `_send` does."""
        try:
            return read(self._send(method, path, body))
        except UnreadableReplyError as error:
            raise _MayPassError(f"sent {error}", was_sent=True) from None

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        """
        Raises:
            ServerRefusalError: the server refused the request.
            _MayPassError: it failed in a way that may pass.
        """
        import httpx

        place = f"{self.address}{path}"
        begin, content = time.monotonic(), b""
        try:
            with self._client.stream(method, place, json=body) as response:
                for part in response.iter_bytes():
                    content += part
                    if len(content) > _MOST_BYTES:
                        raise BenchError(f"{place}: sent more than {_MOST_BYTES >> 20} MiB as an answer")
                    if time.monotonic() - begin > self._timeout:
                        raise _MayPassError(f"did not answer within {self._timeout:g} s", was_sent=True)
        except httpx.ConnectTimeout:
            raise _MayPassError(f"could not be reached within {min(self._timeout, _CONNECT_SECONDS):g} s") from None
        except httpx.TimeoutException:
            raise _MayPassError(f"did not answer within {self._timeout:g} s", was_sent=True) from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            reason = self._hide_key(one_line(first_line(error), 160)) or type(error).__name__
            raise _MayPassError(f"could not be reached: {reason}", was_sent=not isinstance(error, httpx.ConnectError)) from None
        if response.status_code in _MAY_PASS:
            status = response.status_code
            problem, wait = f"answered with status {status}", read_retry_after(response.headers)
            raise _MayPassError(problem, wait, status=status, detail=self._describe(content))
        if response.is_redirect:
            target = self._hide_key(one_line(response.headers.get("location", ""), 200))
            problem = f"redirects to '{target}', which is not followed (status {response.status_code}). Correct the address"
            raise ServerRefusalError(f"{place}: {problem}", response.status_code)
        if response.status_code != 200:
            problem = f"refused the request with status {response.status_code}: {self._describe(content)}"
            raise ServerRefusalError(f"{place}: {problem}", response.status_code)
        try:
            value = json.loads(content, object_hook=self._hide_key_in)
        except (ValueError, RecursionError):
            raise _MayPassError("sent an answer that is not JSON", was_sent=True) from None
        if not isinstance(value, dict):
            raise _MayPassError("sent an answer that is not a JSON object", was_sent=True)
        return value

    def _describe(self, content: bytes) -> str:
        """What a server says about a failure, ready to be shown."""
        return one_line(self._hide_key(content.decode("utf-8", "replace")), _LONGEST_DETAIL)

    def _hide_key(self, text: str) -> str:
        """The text without the key, which a server may send back."""
        return text.replace(self._key, _HIDDEN) if self._key else text

    def _hide_key_in(self, table: dict[str, Any]) -> dict[str, Any]:
        return {name: self._hide_key(value) if isinstance(value, str) else value for name, value in table.items()} if self._key else table
