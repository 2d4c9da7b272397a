"""Which cell a running server answers for, and whether the server can: found out before anything is spent."""

from __future__ import annotations

import os
from dataclasses import dataclass

from harness.engine.served import ServerClient, parse_address
from harness.errors import BenchError, did_you_mean, setting
from harness.store import RunPlan
from harness.types import Cell

MOST_REQUESTS = 256  # at a time


@dataclass(frozen=True)
class ServeRequest:
    """What the user asked for.

    Attributes:
        server: "URL" or "STRATEGY=URL".
        model: its name on the server; None: the only one there.
        key_env: the environment variable that holds the key; None: no key is sent.
        at_once: requests at a time.
    """

    server: str
    model: str | None = None
    key_env: str | None = None
    at_once: int = 8


@dataclass(frozen=True)
class Server:
    """A server that has the model of one strategy.

    Attributes:
        address: scheme, host and port.
        strategy: None: the only one of the run that changes the base model or its prompt.
        key_env: the name of the variable, never the key.
    """

    address: str
    model: str
    strategy: str | None
    key_env: str | None
    at_once: int


def find_server(plan: RunPlan, request: ServeRequest) -> Server:
    """The server of a request, which has to run already.

    Raises:
        BenchError: the request is wrong, the run has no such cell or several, or the server does not answer or lacks the model.
    """
    name, url = _split(request.server)
    address = parse_address(url)
    choose_served_cell(plan, name)
    client = ServerClient(f"{address}/v1", key=read_key(request.key_env))
    try:
        model = client.find_model(request.model)
    except BenchError as error:
        hint = f" Name it with {setting('serve_model', 'NAME')}." if request.model is None and "models (" in str(error) else ""
        raise BenchError(f"{error}{hint}") from None
    finally:
        client.close()
    return Server(address, model, name, request.key_env, request.at_once)


def choose_served_cell(plan: RunPlan, strategy: str | None) -> Cell:
    """The one cell whose model the server has.

    Raises:
        BenchError: there is none, or there are several.
    """
    own = [cell for cell in plan.cells if plan.get_strategy(cell).has_model]
    if strategy is None:
        changed = [cell for cell in own if cell.strategy != "base"] or own
        names = list(dict.fromkeys(cell.strategy for cell in changed))
        if len(names) != 1:
            example = f"{names[0] if names else 'lora'}=URL"
            raise BenchError(
                f"a server has the model of one strategy, and the run has {len(names)}: {', '.join(names) or 'none'}. Say which: "
                f"{setting('serve_with', example)}"
            )
        strategy = names[0]
    cells = [cell for cell in own if cell.strategy == strategy]
    if not cells:
        known = list(dict.fromkeys(cell.strategy for cell in own))
        raise BenchError(f"{setting('serve_with')}: the run has no strategy '{strategy}' with a model.{did_you_mean(strategy, known)}")
    if len(cells) > 1:
        raise BenchError(
            f"{setting('serve_with')}: '{strategy}' has {len(cells)} cells in this run, and a server has the model of one: run one task, "
            "one model, one training size and one seed."
        )
    shape = plan.models[cells[0].model].shape
    if shape != "decoder":
        raise BenchError(
            f"{setting('serve_with')}: the model of '{strategy}' is an {shape}, and these servers complete texts with decoders."
        )
    return cells[0]


def read_key(name: str | None) -> str:
    """The key in an environment variable; empty where none is named.

    Raises:
        BenchError: the variable is not set.
    """
    if name is None:
        return ""
    key = os.environ.get(name, "")
    if not key:
        raise BenchError(f"the environment variable {name!r}, which should hold the key of the server, is not set")
    return key


def _split(server: str) -> tuple[str | None, str]:
    """The strategy, if one is named, and the URL. A strategy's name may contain "=", too: lora:r=8=http://127.0.0.1:8000."""
    before, separator, rest = server.partition("://")
    name, equals, scheme = before.rpartition("=")
    return (name or None, f"{scheme}{separator}{rest}") if equals else (None, server)
