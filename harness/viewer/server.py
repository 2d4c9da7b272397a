"""A read-only server on the loopback address, for one person.

`http.server` is enough here. Nothing but GET is answered, no path of a request reaches the file system, the address is the loopback's, and
a request has to name a random token and our own host, so that neither other users of the machine nor web pages in the same browser can
read the runs: a page that points a name of its own at 127.0.0.1 (DNS rebinding) sends its own name as the host.
"""

from __future__ import annotations

import hmac
import secrets
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from harness.errors import BenchError, setting
from harness.viewer.viewer_pages import ViewerPages

ADDRESS = "127.0.0.1"
_TIMEOUT_SECONDS = 10  # for a request to arrive
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Viewer:
    """The server. It listens as soon as it exists; `serve` answers until it is interrupted.

    Args:
        port: 0 lets the system choose one.

    Raises:
        BenchError: the port cannot be used.
    """

    def __init__(self, pages: ViewerPages, port: int = 0) -> None:
        self.token = secrets.token_urlsafe(32)
        try:
            self._server = ThreadingHTTPServer((ADDRESS, port), partial(_Handler, pages, self.token))
        except OSError as error:
            raise BenchError(f"{setting('port', str(port))}: cannot be used: {error.strerror}. Name another port, or none.") from None
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The address to open, which holds the token."""
        return f"http://{ADDRESS}:{self.port}/{self.token}/"

    def serve(self) -> None:
        """Answer requests until Ctrl-C or `stop`, then release the port."""
        try:
            self._server.serve_forever(poll_interval=0.2)
        finally:
            self._server.server_close()

    def stop(self) -> None:
        """End `serve`, which runs in another thread."""
        self._server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    timeout = _TIMEOUT_SECONDS
    server_version, sys_version = "bench", ""

    def __init__(self, pages: ViewerPages, token: str, *more: object) -> None:
        self._pages, self._token = pages, token
        super().__init__(*more)  # type: ignore[arg-type]  # the arguments of http.server

    def do_GET(self) -> None:  # the name that http.server calls
        if not self._is_host_ours():
            self._answer(421, b"This server answers on the loopback address only.\n")
            return
        token, slash, path = unquote(self.path.partition("?")[0], errors="replace").removeprefix("/").partition("/")
        if not slash or not hmac.compare_digest(token.encode(), self._token.encode()):
            self._answer(404, b"Not found.\n")
            return
        page = self._pages.get_or_explain(path)
        if page is None:
            self._answer(404, b"Not found.\n")
        else:
            self._answer(200, page.body, page.content_type)

    def _is_host_ours(self) -> bool:
        port = self.connection.getsockname()[1]
        return self.headers.get_all("Host") in ([f"{ADDRESS}:{port}"], [f"localhost:{port}"])

    def _answer(self, status: int, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Type": content_type, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Requests are not logged: their paths hold the token."""
