"""What is sent for an example, in a form that the host accepts, and how the answer is read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from harness.engine.hosted.label_likelihood import label_logprobs
from harness.engine.inference import extract
from harness.engine.served import ChatReply
from harness.metrics import match_label
from harness.types import ApiSpec, Example, LabelForm, Prediction, Task, Turn

_ALTERNATIVES, _FEWER_ALTERNATIVES = 20, 5  # the most that OpenAI's interface gives, and the most of some other hosts
_ROOM_AROUND_LABEL = 32  # tokens: a label in JSON, and a few words before it
_FIELD = "label"


@dataclass(frozen=True)
class HostedForm:
    """How a host is asked.

    Attributes:
        labels: how labels are asked for; None where the task has none.
        token_field: the name of the field that limits the answer: newer models of one vendor take only the second.
        alternatives: tokens at each place whose log-probabilities are asked for.
        enforced: whether the host is asked to hold a text to the JSON schema of its answers.
    """

    labels: LabelForm | None
    token_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    alternatives: int = _ALTERNATIVES
    enforced: bool = False

    def other_token_field(self) -> HostedForm:
        return replace(self, token_field="max_completion_tokens")


def list_forms(spec: ApiSpec, *, chooses: bool, has_schema: bool = False) -> list[HostedForm]:
    """The forms to try, the best first."""
    if not chooses:
        return [*([HostedForm(None, enforced=True)] if has_schema else []), HostedForm(None)]
    is_likely = spec.labels in ("logprobs", "auto")
    forms = [HostedForm("logprobs"), HostedForm("logprobs", alternatives=_FEWER_ALTERNATIVES)] if is_likely else []
    if spec.labels in ("constrained", "auto"):
        forms.append(HostedForm("constrained"))
    if spec.labels in ("parsed", "auto"):
        forms.append(HostedForm("parsed"))
    return forms


def most_new_tokens(spec: ApiSpec, task: Task, labels: Sequence[str]) -> int:
    """The most tokens of an answer. A token has at least one byte."""
    if spec.max_new_tokens is not None:
        return spec.max_new_tokens
    longest = max((len(label.encode()) for label in labels), default=0)
    return longest + _ROOM_AROUND_LABEL if task.chooses else task.decode.max_new_tokens


def request_body(
    spec: ApiSpec,
    task: Task,
    form: HostedForm,
    turns: Sequence[Turn],
    labels: Sequence[str],
    text_schema: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The JSON of a request.

    Args:
        text_schema: the JSON schema of a text, for a form that has it enforced.
    """
    body: dict[str, Any] = {
        "model": spec.model,
        "messages": [{"role": turn.role, "content": turn.content} for turn in turns],
        form.token_field: most_new_tokens(spec, task, labels),
    }
    if spec.temperature is not None:
        body["temperature"] = spec.temperature
    if task.decode.stop and not task.chooses:
        body["stop"] = list(task.decode.stop[:4])  # the most that the interface takes; outputs are cut at all of them when they are read
    if form.labels == "logprobs":
        body |= {"logprobs": True, "top_logprobs": form.alternatives}
    if form.labels == "constrained":
        schema = {
            "type": "object",
            "properties": {_FIELD: {"type": "string", "enum": list(labels)}},
            "required": [_FIELD],
            "additionalProperties": False,
        }
        body["response_format"] = _enforce(schema)
    if form.enforced and text_schema is not None:
        body["response_format"] = _enforce(text_schema)
    return body | dict(spec.extra)


def _enforce(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)}}


def fits_form(form: HostedForm, reply: ChatReply, labels: Sequence[str]) -> bool:
    """Whether a host that accepted the form has done what it asks for: servers ignore fields that they do not know."""
    if form.labels == "logprobs":
        return label_logprobs(reply.choices, labels) is not None
    if form.labels == "constrained":
        return _read_json_label(reply.text, labels) is not None
    return True


def read_reply(reply: ChatReply, form: HostedForm, task: Task, example: Example, *, tokens: tuple[int, int]) -> Prediction:
    """The prediction of an answer.

    Args:
        tokens: of the prompt and of the answer.
    """
    text, known = reply.text, (tokens[0], tokens[1])
    if form.labels is None:
        finish: Literal["stop", "length"] = "length" if reply.finish_reason == "length" else "stop"
        answer = extract(text, task, task.decode.stop)
        return Prediction(example.id, text.strip(), answer, tokens_in=known[0], tokens_out=known[1], finish=finish)
    likelihoods = label_logprobs(reply.choices, example.choices) if form.labels == "logprobs" else None
    if likelihoods is not None:
        label: str | None = example.choices[max(range(len(likelihoods)), key=likelihoods.__getitem__)]
    elif form.labels == "constrained":
        label = _read_json_label(text, example.choices)
    else:
        label = find_label(text, example.choices)
    return Prediction(example.id, text.strip(), label, likelihoods or (), tokens_in=known[0], tokens_out=known[1], finish="choice")


def find_label(text: str, labels: Sequence[str]) -> str | None:
    """The label that an answer names: the whole of it, or its first line; None where it names none, or several."""
    stripped = text.strip()
    return match_label(stripped, labels) or match_label(stripped.partition("\n")[0], labels)


def _read_json_label(text: str, labels: Sequence[str]) -> str | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    label = value.get(_FIELD) if isinstance(value, dict) else None
    return label if isinstance(label, str) and label in labels else None
