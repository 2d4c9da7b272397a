"""Servers with an OpenAI-compatible interface: vLLM, `transformers serve`, the servers of llama.cpp, and hosts of models."""

from harness.engine.served.all_answers import ServedAnswer, answer_through_server, ask_together
from harness.engine.served.client import (
    ServerClient,
    ServerFailureError,
    ServerRefusalError,
    is_this_machine,
    parse_address,
    parse_base_url,
)
from harness.engine.served.failed_attempt import FailedAttempt
from harness.engine.served.pace import Pace
from harness.engine.served.replies import ChatReply, TokenChoice
from harness.engine.served.request_forms import RequestForm, choose_form

__all__ = [
    "ChatReply",
    "FailedAttempt",
    "Pace",
    "RequestForm",
    "ServedAnswer",
    "ServerClient",
    "ServerFailureError",
    "ServerRefusalError",
    "TokenChoice",
    "answer_through_server",
    "ask_together",
    "choose_form",
    "is_this_machine",
    "parse_address",
    "parse_base_url",
]
