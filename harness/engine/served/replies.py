"""What a server's JSON must look like to count as an answer. It is a stranger's: every part is checked.

A lone surrogate becomes a question mark: JSON can name one, but no file can hold it, and an answer that is not stored is paid again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.text import replace_surrogates

_MOST_TOKENS = 1 << 40
_MOST_ALTERNATIVES = 40  # of a token; servers give at most 20
_MOST_POSITIONS = 4096  # whose alternatives are kept
_LONGEST_NAME = 200  # of a model or a fingerprint


class UnreadableReplyError(ValueError):
    """The value is not an answer. The same request may get one."""


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


@dataclass(frozen=True)
class TokenChoice:
    """One generated token, and the most likely tokens at its place with their log-probabilities, itself included."""

    token: str
    logprob: float
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class ChatReply:
    """What a model answered in a chat. Token counts are None where the server does not say.

    Attributes:
        finish_reason: in the server's word: stop, length, content_filter, …
        model: the version that answered, as the server names it.
        fingerprint: of the system that answered; empty where the server does not say.
        choices: the tokens of the answer, if log-probabilities were asked for and the server gives them.
    """

    text: str
    finish_reason: str
    model: str
    fingerprint: str
    tokens_in: int | None
    tokens_out: int | None
    choices: tuple[TokenChoice, ...] = ()


def read_completion(value: dict[str, Any]) -> ServerCompletion:
    """
    Raises:
        UnreadableReplyError: the value is not a completion.
    """
    first = _first_choice(value)
    if not isinstance(first.get("text"), str):
        raise UnreadableReplyError("an answer without a text")
    usage, logprobs = _table(value.get("usage")), _table(first.get("logprobs")).get("token_logprobs")
    return ServerCompletion(
        replace_surrogates(first["text"]),
        first.get("finish_reason") == "length",
        _count(usage.get("prompt_tokens")),
        _count(usage.get("completion_tokens")),
        tuple(_logprob(each) for each in logprobs) if isinstance(logprobs, list) else (),
    )


def read_chat(value: dict[str, Any]) -> ChatReply:
    """
    Raises:
        UnreadableReplyError: the value is not an answer in a chat.
    """
    first, usage = _first_choice(value), _table(value.get("usage"))
    message = first.get("message")
    if not isinstance(message, dict):
        raise UnreadableReplyError("an answer without a message")
    return ChatReply(
        _read_text(message),
        _name(first.get("finish_reason")),
        _name(value.get("model")),
        _name(value.get("system_fingerprint")),
        _count(usage.get("prompt_tokens")),
        _count(usage.get("completion_tokens")),
        _read_choices(_table(first.get("logprobs")).get("content")),
    )


def _first_choice(value: dict[str, Any]) -> dict[str, Any]:
    choices = value.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, dict):
        raise UnreadableReplyError("an answer without a text")
    return first


def _read_text(message: dict[str, Any]) -> str:
    """The text of a message: a text, or several parts; nothing where a model used up its tokens before it wrote, or refused."""
    content = message.get("content")
    if content is None:
        refusal = message.get("refusal")
        return replace_surrogates(refusal) if isinstance(refusal, str) else ""
    if isinstance(content, list):
        parts = [_table(part).get("text") for part in content]
        content = "".join(part for part in parts if isinstance(part, str))
    if not isinstance(content, str):
        raise UnreadableReplyError("an answer without a text")
    return replace_surrogates(content)


def _read_choices(value: Any) -> tuple[TokenChoice, ...]:
    """The tokens with their alternatives; empty where any part is not as it should be."""
    choices = []
    for each in value[:_MOST_POSITIONS] if isinstance(value, list) else ():
        token, logprob = _table(each).get("token"), _logprob(_table(each).get("logprob"))
        others = _table(each).get("top_logprobs")
        if not isinstance(token, str) or logprob is None:
            return ()
        pairs = [(_table(one).get("token"), _logprob(_table(one).get("logprob"))) for one in others] if isinstance(others, list) else []
        known = [(replace_surrogates(text), number) for text, number in pairs if isinstance(text, str) and number is not None]
        choices.append(TokenChoice(replace_surrogates(token), logprob, tuple(known[:_MOST_ALTERNATIVES])))
    return tuple(choices)


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _name(value: Any) -> str:
    return replace_surrogates(value[:_LONGEST_NAME]) if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST_TOKENS else None


def _logprob(value: Any) -> float | None:
    """A logarithm of a probability."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and -1e9 < value <= 0 else None
