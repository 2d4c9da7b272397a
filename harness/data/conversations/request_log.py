"""A log of requests to a model and its responses, in the form of OpenAI's interface, a row for each.

{"request": {"messages": [turns]}, "response": {"choices": [{"message": turn}]}}
{"messages": [turns], "response": {"choices": [{"message": turn}]}}
{"custom_id": "e1", "response": {"body": {"choices": [{"message": turn}]}}}              answers alone, as of a batch
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.data.conversations.turn_list import parse_turns
from harness.data.records import BadRowError, EmptyCellError
from harness.types import Turn

RESPONSE = "response"
_REQUESTS = ("request", "messages")  # the columns that may hold the question, in this order


def find_request_column(has: Callable[[str], bool]) -> str | None:
    """The column of the requests of a log; None for another table.

    Args:
        has: whether the table has a column, or a value nested in one, under this name.
    """
    if not any(has(f"{RESPONSE}.{body}choices.message.{part}") for body in ("", "body.") for part in ("content", "role")):
        return None
    return next((name for name in _REQUESTS if has(f"{name}.messages.role" if name == "request" else f"{name}.role")), None)


def read_logged_turns(values: Mapping[str, Any], request: str) -> list[Turn]:
    """The turns of a request, with the answer behind them.

    Raises:
        BadRowError: the request or the response cannot be used.
    """
    asked = values.get(request)
    turns = asked.get("messages") if isinstance(asked, Mapping) else asked
    return [*parse_turns(turns, f"{request}.messages" if isinstance(asked, Mapping) else request), read_logged_answer(values)]


def is_logged_answer(values: Mapping[str, Any]) -> bool:
    """Whether a row holds a response, also that to a request which failed."""
    return isinstance(values.get(RESPONSE), Mapping)


def read_logged_answer(values: Mapping[str, Any]) -> Turn:
    """The first answer of a response.

    Raises:
        EmptyCellError: the response holds no answer, such as that to a request which failed.
        BadRowError: the answer is not text.
    """
    response = values.get(RESPONSE)
    body = response.get("body", response) if isinstance(response, Mapping) else None
    choices = body.get("choices") if isinstance(body, Mapping) else None
    message = choices[0].get("message") if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else None
    if not isinstance(message, Mapping):
        raise EmptyCellError(f"'{RESPONSE}' has no answer: the request may have failed")
    turns = parse_turns([{"role": "assistant", **message}], f"{RESPONSE}.choices[0].message")
    if turns[0].role != "assistant":
        raise BadRowError(f"'{RESPONSE}.choices[0].message.role' is not 'assistant'")
    return turns[0]
