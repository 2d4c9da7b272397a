"""Waiting for a server that has just been started."""

from __future__ import annotations

from harness.engine.served import ServerClient
from harness.errors import BenchError

_TRIES = 60  # each waits for some seconds


def wait_for_models(client: ServerClient) -> None:
    """Wait until the server lists its models: it loads its libraries first.

    Raises:
        BenchError: it never does.
    """
    for _ in range(_TRIES - 1):
        try:
            client.list_models()
            return
        except BenchError:
            continue
    client.list_models()
