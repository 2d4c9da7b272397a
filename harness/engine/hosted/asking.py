"""One question to a hosted model: from the cache, or from the host; and the form in which the host accepts questions."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harness.engine.hosted.answer_cache import AnswerCache, HostedReply, request_key
from harness.engine.hosted.request_body import HostedForm, fits_form, list_forms, most_new_tokens, read_reply, request_body
from harness.engine.hosted.token_estimate import RangedEstimate, estimate_answer, estimate_price, estimate_prompt, estimate_tokens
from harness.engine.served import ChatReply, ServerClient, ServerFailureError, ServerRefusalError
from harness.errors import BenchError
from harness.text import one_line
from harness.types import ApiSpec, Example, Prediction, Task, Turn

_REFUSES_FORM = (400, 404, 415, 422, 501)
_REFUSES_EXAMPLE = (400, 413, 422)  # its text is too long, or a filter stops it
_LONGEST_REASON = 300


@dataclass(frozen=True)
class HostedQuestion:
    """An example with the turns that are sent for it."""

    example: Example
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class HostedAnswer:
    """One answer of a hosted model.

    Attributes:
        model, fingerprint, finish_reason: in the host's words; empty where it does not say.
        asked: when, in ISO 8601.
        seconds: from the request to the complete answer, repeated attempts included.
        from_cache: whether it was paid by an earlier run.
        counted: whether the host counted the tokens; else they are estimated.
        refusal: why the host refused the request; empty for an answer.
    """

    prediction: Prediction
    model: str
    fingerprint: str
    finish_reason: str
    asked: str
    seconds: float
    from_cache: bool
    counted: bool
    refusal: str = ""


@dataclass(frozen=True)
class TextForm:
    """The form that free texts should have.

    Attributes:
        schema: as JSON schema, for hosts that enforce one.
        fits: whether a text has the form.
    """

    schema: Mapping[str, Any]
    fits: Callable[[str], bool]


class HostedAsker:
    """Asks one hosted model about the examples of one task.

    Attributes:
        form: what the host accepts; None until `find_form` was called.
    """

    def __init__(
        self,
        client: ServerClient,
        spec: ApiSpec,
        task: Task,
        labels: Sequence[str],
        *,
        repeat: int = 0,
        cache: AnswerCache | None = None,
        form: HostedForm | None = None,
        text_form: TextForm | None = None,
        clock: Callable[[], float] = time.perf_counter,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """
        Args:
            labels: those of the task; empty for free text.
            repeat: which of several repeats this is.
            cache: None: every question is sent.
            form: of an interrupted run.
            text_form: the form of free texts; None: any text.
        """
        self.client, self.spec, self.form = client, spec, form
        self._task, self._labels, self._repeat, self._cache = task, tuple(labels), repeat, cache
        self._text_form, self._clock, self._now = text_form, clock, now

    @property
    def most_new_tokens(self) -> int:
        """The most tokens of an answer."""
        return most_new_tokens(self.spec, self._task, self._labels)

    def estimate(self, question: HostedQuestion) -> tuple[RangedEstimate, RangedEstimate]:
        """The tokens of the prompt, and of an answer that is as long as the references."""
        return estimate_prompt(question.turns), estimate_answer(question.example.targets, self.most_new_tokens)

    def highest_price(self, question: HostedQuestion) -> float:
        """The upper end of what one answer may cost; 0 without a price."""
        price = estimate_price(self.spec, *self.estimate(question))
        return 0.0 if price is None else price.high

    @property
    def most_attempts(self) -> int:
        """How many answers it may take to find the form, each of which is paid."""
        return len(self._list_forms())

    def find_form(self, question: HostedQuestion) -> list[HostedAnswer]:
        """Choose the first form that the host accepts and follows.

        Returns:
            Every answer that this took, all of which are paid. The last one is in the chosen form, and belongs to the question.

        Raises:
            BenchError: it accepts none, or does not answer.
        """
        answers: list[HostedAnswer] = []
        forms = self._list_forms()
        problem: BenchError | None = None
        while forms:
            form = forms.pop(0)
            try:
                reply, answer = self._ask(question, form)
            except ServerRefusalError as error:
                if error.status not in _REFUSES_FORM:
                    raise
                problem = error
                if "max_completion_tokens" in str(error) and form.token_field == "max_tokens":
                    forms = [each.other_token_field() for each in (form, *forms)]
                continue
            except ServerFailureError as error:  # llama-cpp-python's server reports an error of its own for a form that it does not know
                problem = error
                continue
            answers.append(answer)
            # A form that the strategy names is used although the first answer does not fit it.
            is_free = not form.enforced or self._text_form is None or self._text_form.fits(reply.text)
            if is_free and (self.spec.labels != "auto" or fits_form(form, reply, self._labels)):
                self.form = form
                return answers
            if form.labels == "logprobs":  # with fewer alternatives, it would do no better
                forms = [each for each in forms if each.labels != "logprobs"]
        assert problem is not None  # the last form fits every answer
        raise problem

    def ask(self, question: HostedQuestion) -> HostedAnswer:
        """The answer to a question, in the chosen form. A question that the host refuses for what it says has an empty answer.

        Raises:
            BenchError: the host did not answer, or refuses all questions.
        """
        assert self.form is not None
        try:
            return self._ask(question, self.form)[1]
        except ServerRefusalError as error:
            if error.status not in _REFUSES_EXAMPLE:
                raise
            chooses = self._task.chooses
            prediction = Prediction(question.example.id, "", None if chooses else "", finish="choice" if chooses else "stop")
            return HostedAnswer(prediction, "", "", "refused", self._moment(), 0.0, False, True, one_line(str(error), _LONGEST_REASON))

    def _list_forms(self) -> list[HostedForm]:
        return list_forms(self.spec, chooses=self._task.chooses, has_schema=self._text_form is not None)

    def _ask(self, question: HostedQuestion, form: HostedForm) -> tuple[ChatReply, HostedAnswer]:
        schema = None if self._text_form is None else self._text_form.schema
        body = request_body(self.spec, self._task, form, question.turns, self._labels, schema)
        key = request_key(self.client.address, body, self._repeat)
        kept = self._cache.read(key) if self._cache is not None else None
        if kept is None:
            asked, begin = self._moment(), self._clock()
            reply = self.client.chat(body)
            kept = HostedReply(key, asked, max(0.0, self._clock() - begin), reply)
            if self._cache is not None:
                self._cache.write(kept)
            return reply, self._read(question, form, kept, from_cache=False)
        return kept.reply, self._read(question, form, kept, from_cache=True)

    def _read(self, question: HostedQuestion, form: HostedForm, kept: HostedReply, *, from_cache: bool) -> HostedAnswer:
        reply = kept.reply
        counted = reply.tokens_in is not None and reply.tokens_out is not None
        written = estimate_tokens(reply.text).value
        tokens = (reply.tokens_in, reply.tokens_out) if counted else (round(estimate_prompt(question.turns).value), round(written))
        prediction = read_reply(reply, form, self._task, question.example, tokens=tokens)  # type: ignore[arg-type]  # both are counted
        return HostedAnswer(prediction, reply.model, reply.fingerprint, reply.finish_reason, kept.asked, kept.seconds, from_cache, counted)

    def _moment(self) -> str:
        return self._now().isoformat(timespec="seconds")
