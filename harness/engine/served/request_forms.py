"""What is sent for an example, and how the answer is read: the form that a server accepts is found out by trying.

The best form sends the prompt as the token ids that the run's model read, which leaves nothing to the server's tokenizer. A server that
only takes texts gets the text whose tokenization gives these ids. `/v1/completions` applies no chat template: the prompt has it already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.engine.inference import Predictor, extract
from harness.engine.prompts import EncodedPrompt
from harness.engine.served.client import ServerClient, ServerFailureError, ServerRefusalError
from harness.engine.served.replies import ServerCompletion
from harness.errors import BenchError
from harness.types import Example, LabelSource, Prediction

# llama-cpp-python's server may penalize repetition by default; servers that do not know the field refuse or ignore it.
_NO_PENALTY = {"repeat_penalty": 1.0}
_ATTEMPTS_OF_A_FORM = 2  # before the next one is tried
_MOST_STOPS = 4  # of an OpenAI-compatible request; outputs are cut at stop texts again when they are read


@dataclass(frozen=True)
class RequestForm:
    """How a server is asked.

    Attributes:
        sends_ids: whether the prompt is sent as token ids.
        has_penalty: whether a penalty on repetition is switched off explicitly.
        labels: where labels come from.
    """

    sends_ids: bool
    has_penalty: bool
    labels: LabelSource


def choose_form(client: ServerClient, model: str, predictor: Predictor, prompt: EncodedPrompt) -> RequestForm:
    """The first form that the server accepts for a prompt. Some report an error of their own (status 500) for what they cannot read.

    Raises:
        BenchError: it accepts none, or does not answer.
    """
    labels: LabelSource = "parsed" if predictor.task.chooses else "text"
    problem: BenchError | None = None
    forms = (RequestForm(True, True, labels), RequestForm(False, True, labels), RequestForm(False, False, labels))
    for form in forms:
        try:
            attempts = None if form is forms[-1] else _ATTEMPTS_OF_A_FORM
            client.complete(_body(form, model, predictor, prompt.ids, max_tokens=1), attempts=attempts)
        except ServerRefusalError as error:
            if error.status not in (400, 422):
                raise
            problem = error
            continue
        except ServerFailureError as error:
            problem = error
            continue
        if labels == "parsed" and form.sends_ids and _gives_logprobs(client, form, model, predictor, prompt):
            return RequestForm(True, form.has_penalty, "logprobs")
        return form
    assert problem is not None
    raise problem


def ask(
    client: ServerClient, form: RequestForm, model: str, predictor: Predictor, pair: tuple[Example, EncodedPrompt]
) -> tuple[Prediction, int | None]:
    """The prediction for one example, and the tokens of its prompt as the server counted them.

    Raises:
        BenchError: the server did not answer, or refused the request.
    """
    example, prompt = pair
    if form.labels == "logprobs":
        return _choose_label(client, form, model, predictor, example, prompt), len(prompt.ids)
    limit = predictor.task.decode.max_new_tokens
    if form.labels == "parsed":
        limit = max(len(ids) for ids in predictor.encoder.completions(predictor.labels))
    completion = client.complete(_body(form, model, predictor, prompt.ids, max_tokens=limit))
    return _read(predictor, form, example, prompt, completion), completion.tokens_in


def _read(predictor: Predictor, form: RequestForm, example: Example, prompt: EncodedPrompt, completion: ServerCompletion) -> Prediction:
    text = completion.text
    written = len(predictor.encoder.text_ids([text])[0]) if completion.tokens_out is None else completion.tokens_out
    if form.labels == "parsed":
        label = find_label(text, predictor.labels)
        return Prediction(example.id, text.strip(), label, tokens_in=len(prompt.ids), tokens_out=written, finish="choice")
    finish = "length" if completion.was_cut else "stop"
    answer = extract(text, predictor.task, predictor.stops)
    return Prediction(example.id, text.strip(), answer, tokens_in=len(prompt.ids), tokens_out=written, finish=finish)  # type: ignore[arg-type]


def find_label(text: str, labels: Sequence[str]) -> str | None:
    """The label that a text names, or the longest one that its first line begins with; case does not matter. None where it names none."""
    first = text.strip().split("\n")[0].strip().casefold()
    fitting = [label for label in labels if label.strip() and first.startswith(label.strip().casefold())]
    return max(fitting, key=len, default=None)


def _choose_label(
    client: ServerClient, form: RequestForm, model: str, predictor: Predictor, example: Example, prompt: EncodedPrompt
) -> Prediction:
    """The most likely label, its end token included, from the log-probabilities of its tokens: as the run chooses it."""
    completions = predictor.encoder.completions(predictor.labels)
    likelihoods = [_likelihood(client, form, model, predictor, prompt, ids) for ids in completions]
    if None in likelihoods:
        raise BenchError(f"{client.address}: gave log-probabilities for some prompts and not for others")
    known = [value for value in likelihoods if value is not None]
    best = max(range(len(known)), key=known.__getitem__)
    label = predictor.labels[best]
    return Prediction(example.id, label, label, tuple(known), tokens_in=len(prompt.ids), tokens_out=len(completions[best]), finish="choice")


def _likelihood(
    client: ServerClient, form: RequestForm, model: str, predictor: Predictor, prompt: EncodedPrompt, label: Sequence[int]
) -> float | None:
    """ln p(label | prompt); None where the server gives no log-probabilities of the prompt."""
    body = _body(form, model, predictor, [*prompt.ids, *label], max_tokens=1) | {"echo": True, "logprobs": 1}
    values = client.complete(body).logprobs[len(prompt.ids) : len(prompt.ids) + len(label)]
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(label) else None


def _gives_logprobs(client: ServerClient, form: RequestForm, model: str, predictor: Predictor, prompt: EncodedPrompt) -> bool:
    label = predictor.encoder.completions(predictor.labels[:1])[0]
    try:
        return _likelihood(client, form, model, predictor, prompt, label) is not None
    except (ServerRefusalError, ServerFailureError):
        return False


def _body(form: RequestForm, model: str, predictor: Predictor, ids: Sequence[int], *, max_tokens: int) -> dict[str, Any]:
    stops = list(predictor.stops[:_MOST_STOPS]) if form.labels == "text" else []
    return {
        "model": model,
        "prompt": list(ids) if form.sends_ids else _text_of(predictor, ids),
        "max_tokens": max_tokens,
        "temperature": 0,
        **({"stop": stops} if stops else {}),
        **(_NO_PENALTY if form.has_penalty else {}),
    }


def _text_of(predictor: Predictor, ids: Sequence[int]) -> str:
    """The text that a server's tokenizer turns into these ids.

    A server adds the tokenizer's own start of a text, so that a text that begins with it would get it twice.
    """
    tokenizer = predictor.loaded.tokenizer

    def decode(part: Sequence[int]) -> str:
        text: str = tokenizer.decode(list(part), skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text

    whole = decode(ids)
    for text in (whole, decode(ids[1:])):
        if list(tokenizer(text)["input_ids"]) == list(ids):
            return text
    return whole
