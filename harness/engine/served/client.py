"""A server with an OpenAI-compatible interface, reached over HTTP: its models, and completions of a prompt.

What the server sends is a stranger's: it is limited in size and time, and checked. Redirects are not followed and proxies of the
environment are not used, so that nothing but the host that the user typed is contacted.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from harness.errors import BenchError, first_line
from harness.text import one_line

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

_ATTEMPTS = 5
_LONGEST_WAIT = 30.0  # seconds between two attempts
_MOST_BYTES = 8 << 20  # of a response
_MAY_PASS = (408, 409, 425, 429, 500, 502, 503, 504)
_CONNECT_SECONDS = 10.0


class ServerRefusalError(BenchError):
    """The server refused a request: repeating it would not help.

    Args:
        status: the HTTP status.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _MayPassError(Exception):
    """A failure after which the same request may succeed; `wait` is what the server asks for, in seconds."""

    def __init__(self, problem: str, wait: float = 0.0) -> None:
        super().__init__(problem)
        self.wait = wait


@dataclass(frozen=True)
class ServerCompletion:
    """What a server wrote behind a prompt. Token counts are None where it does not say.

    Attributes:
        was_cut: whether it ended because it had written as many tokens as were asked for.
        logprobs: of each token of prompt and text, if they were asked for and the server gives them; None for the first token.
    """

    text: str
    was_cut: bool
    tokens_in: int | None
    tokens_out: int | None
    logprobs: tuple[float | None, ...] = ()


def parse_address(url: str) -> str:
    """Scheme, host and port of a server's URL; a path `/v1` is left out.

    Raises:
        BenchError: the URL is not of this form.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BenchError(f"'{url}' is not the URL of a server: {error}. Write it as http://127.0.0.1:8000") from None
    if parts.username is not None or parts.password is not None:
        raise BenchError("the URL of the server holds a user or a password: put a key into an environment variable, and name that variable")
    rest = parts.path.rstrip("/") not in ("", "/v1") or parts.query or parts.fragment
    if parts.scheme not in ("http", "https") or not parts.hostname or rest:
        raise BenchError(f"'{url}' is not the URL of a server. Write it as http://127.0.0.1:8000")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{'' if port is None else f':{port}'}"


class ServerClient:
    """Sends requests to one server, from several threads at once. `retries` counts the requests that were repeated."""

    def __init__(
        self,
        address: str,
        *,
        key: str = "",
        timeout: float = 120.0,
        sleep: Callable[[float], None] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """
        Args:
            address: as `parse_address` returns it.
            key: sent as a bearer token; empty: none.
            timeout: the most seconds of a request.
            sleep: waits between two attempts; None: as time does.
            transport: what carries the requests; None: the network.
        """
        import httpx

        headers = {"Authorization": f"Bearer {key}"} if key else {}
        limits = httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS))
        self.address, self.retries = address, 0
        self._timeout, self._sleep, self._counting = timeout, sleep or time.sleep, threading.Lock()
        self._client = httpx.Client(
            base_url=address, headers=headers, timeout=limits, trust_env=False, follow_redirects=False, transport=transport
        )

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
            listed = self._attempt("GET", "/v1/models", None, lambda value: value.get("data"))
        except ServerRefusalError as refusal:
            if refusal.status != 404 or wanted is None:
                raise
            return wanted  # a server without a list
        names = [str(each.get("id")) for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        shown = ", ".join(one_line(name, 80) for name in names[:10]) or "none"
        if wanted is not None and wanted not in names:
            raise BenchError(f"{self.address}: has no model '{wanted}'. Models there: {shown}.")
        if wanted is None and len(names) != 1:
            raise BenchError(f"{self.address}: has {len(names)} models ({shown}). Name the one to ask.")
        return names[0] if wanted is None else wanted

    def complete(self, body: Mapping[str, Any]) -> ServerCompletion:
        """The completion of a prompt.

        Raises:
            ServerRefusalError: the server refused the request.
            BenchError: it did not answer it, after several attempts.
        """
        return self._attempt("POST", "/v1/completions", body, _read_completion)

    def _attempt(self, method: str, path: str, body: Mapping[str, Any] | None, read: Callable[[dict[str, Any]], T]) -> T:
        problem = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                with self._counting:
                    self.retries += 1
            try:
                return read(self._send(method, path, body))
            except _MayPassError as error:
                problem = str(error)
                if attempt + 1 < _ATTEMPTS:
                    self._sleep(min(_LONGEST_WAIT, max(0.5 * 2**attempt, error.wait)))
        raise BenchError(f"{self.address}{path}: {problem}, {_ATTEMPTS} times. Is the server running, and is this its address?")

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        """One attempt.

        Raises:
            ServerRefusalError: the server refused the request.
            _MayPassError: it failed in a way that may pass.
        """
        import httpx

        begin, content = time.monotonic(), b""
        try:
            with self._client.stream(method, path, json=body) as response:
                for part in response.iter_bytes():
                    content += part
                    if len(content) > _MOST_BYTES:
                        raise BenchError(f"{self.address}{path}: sent more than {_MOST_BYTES >> 20} MiB as an answer")
                    if time.monotonic() - begin > self._timeout:
                        raise _MayPassError(f"did not answer within {self._timeout:g} s")
        except httpx.TimeoutException:
            raise _MayPassError(f"did not answer within {self._timeout:g} s") from None
        except httpx.TransportError as error:
            raise _MayPassError(f"could not be reached: {one_line(first_line(error), 160) or type(error).__name__}") from None
        if response.status_code in _MAY_PASS:
            raise _MayPassError(f"answered with status {response.status_code}", _read_wait(response))
        if response.status_code != 200:
            detail = one_line(content.decode("utf-8", "replace"), 300)
            problem = f"refused the request with status {response.status_code}: {detail}"
            raise ServerRefusalError(f"{self.address}{path}: {problem}", response.status_code)
        try:
            value = json.loads(content)
        except (ValueError, RecursionError):
            raise _MayPassError("sent an answer that is not JSON") from None
        if not isinstance(value, dict):
            raise _MayPassError("sent an answer that is not a JSON object")
        return value


def _read_wait(response: httpx.Response) -> float:
    """The seconds that the server asks to wait; 0 where it does not say."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0.0


def _read_completion(value: dict[str, Any]) -> ServerCompletion:
    """Raises:
    _MayPassError: the value is not a completion.
    """
    choices = value.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, dict) or not isinstance(first.get("text"), str):
        raise _MayPassError("sent an answer without a text")
    usage = value.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    given = first.get("logprobs")
    logprobs = given.get("token_logprobs") if isinstance(given, dict) else None
    return ServerCompletion(
        text=first["text"],
        was_cut=first.get("finish_reason") == "length",
        tokens_in=_read_count(counts.get("prompt_tokens")),
        tokens_out=_read_count(counts.get("completion_tokens")),
        logprobs=tuple(_read_logprob(each) for each in logprobs) if isinstance(logprobs, list) else (),
    )


def _read_count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32 else None


def _read_logprob(value: Any) -> float | None:
    """None for the first token of a prompt, and for what is no logarithm of a probability."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and -1e9 < value <= 0 else None
