"""Answers of a running server with an OpenAI-compatible interface: vLLM, `transformers serve`, the servers of llama.cpp."""

from harness.engine.served.all_answers import ServedAnswer, answer_through_server
from harness.engine.served.client import ServerClient, ServerRefusalError, parse_address
from harness.engine.served.request_forms import RequestForm, choose_form

__all__ = ["RequestForm", "ServedAnswer", "ServerClient", "ServerRefusalError", "answer_through_server", "choose_form", "parse_address"]
