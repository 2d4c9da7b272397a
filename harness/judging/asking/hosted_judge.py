"""Asks a hosted model for verdicts. Every answer is kept as it comes, here and in the user's cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.engine.hosted import (
    AnswerCache,
    CostLimitError,
    HostedAnswer,
    HostedAsker,
    HostedForm,
    HostedQuestion,
    HostedSpending,
    TextForm,
    ask_all,
    price_of_answer,
    write_amount,
)
from harness.engine.served import FailedAttempt, Pace, ServerClient, parse_base_url
from harness.errors import RunStoppedError, setting
from harness.grid.planning import HostedRequest, QuestionPart, find_host_problems, forecast_questions, read_host_key
from harness.judging.asking.judge_task import make_judge_example, make_judge_task
from harness.judging.asking.kept_judgements import KeptJudgements
from harness.judging.judge_prompts import answer_schema
from harness.judging.judge_questions import JudgeQuestion
from harness.judging.judge_record import Judgement
from harness.judging.verdict_parsing import has_form, parse_answer
from harness.types import HostedForecast, JudgeSpec, Turn

_ATTEMPTS = 8  # of a request, as for strategies


def forecast_judge(spec: JudgeSpec, questions: Sequence[JudgeQuestion]) -> HostedForecast:
    """What the questions would send, and what that is expected to cost. Nothing is sent.

    Raises:
        BenchError: the address cannot be used.
    """
    assert spec.api is not None
    made = _make_questions(spec, questions)
    parts = [
        QuestionPart([made[i] for i, q in enumerate(questions) if q.repeat == repeat], spec.max_new_tokens, is_repeat=repeat > 0)
        for repeat in range(spec.repeats)
    ]
    return forecast_questions(f"judge '{spec.name}'", spec.api, parts)


def find_judge_problems(spec: JudgeSpec, forecast: HostedForecast, request: HostedRequest, currency: str) -> list[str]:
    """Why the questions may not be sent: another host is named or none, there is no key, or a limit of costs without a price."""
    assert spec.api is not None
    others = [host for host in request.send_to if host.lower() != forecast.host]
    problems = [f"asks {forecast.host}, and not {setting('send_to', others[0])}"] if others else []
    return [f"judge '{spec.name}': {problem}" for problem in problems + find_host_problems(spec.api, forecast, request, currency)]


def ask_hosted_judge(
    spec: JudgeSpec,
    questions: Sequence[JudgeQuestion],
    kept: KeptJudgements,
    *,
    max_cost: float | None,
    use_cache: bool,
    on_progress: Callable[[int], None],
    on_failure: Callable[[FailedAttempt], object],
) -> list[Judgement]:
    """The answers to all questions, in order; those of an interrupted call are not asked again.

    Args:
        on_progress: receives the number of answers so far.
        on_failure: receives each request that failed and is repeated, before it waits, in one of several threads.

    Raises:
        RunStoppedError: the limit of costs is reached. The same call with a higher one continues, as after the other errors.
        BenchError: the host does not answer, or refuses.
    """
    api = spec.api
    assert api is not None
    done, numbers = kept.read(questions), range(len(questions))
    task, made = make_judge_task(spec), _make_questions(spec, questions)
    spending = HostedSpending(max_cost, sum(judgement.price for judgement in done.values()))
    pace = Pace(api.requests_per_minute)
    client = ServerClient(
        parse_base_url(api.base_url)[0], key=read_host_key(api), timeout=api.timeout, attempts=_ATTEMPTS, pace=pace, on_failure=on_failure
    )
    cache = AnswerCache() if api.cache and use_cache else None

    def keep(answer: HostedAnswer) -> None:
        question = questions[int(answer.prediction.example_id)]
        judgement = _read_answer(spec, question, answer)
        kept.append(judgement)
        done[question.key] = judgement
        on_progress(len(done))

    on_progress(len(done))
    form = kept.read_form()
    try:
        for repeat in range(spec.repeats):
            waiting = [made[i] for i in numbers if questions[i].repeat == repeat and questions[i].key not in done]
            text_form = TextForm(answer_schema(spec), lambda text: has_form(spec, text))
            asker = HostedAsker(client, api, task, (), repeat=repeat, cache=cache, form=form, text_form=text_form)
            if waiting and form is None:
                form = _find_form(asker, waiting[0], spending, keep)
                kept.write_form(form)
            waiting = [each for each in waiting if questions[int(each.example.id)].key not in done]
            ask_all(asker, waiting, done={}, spending=spending, on_answer=keep)
    except CostLimitError:
        currency = "" if api.price is None else f" {api.price.currency}"
        raise RunStoppedError(
            f"judge '{spec.name}': {len(done):,} of {len(questions):,} questions are answered, and the next answer could exceed the limit "
            f"of {max_cost:g}{currency} ({write_amount(spending.paid)}{currency} are spent). The same command with a higher "
            f"{setting('max_cost', 'AMOUNT')} continues."
        ) from None
    finally:
        client.close()
    return [done[question.key] for question in questions]


def _find_form(asker: HostedAsker, first: HostedQuestion, spending: HostedSpending, keep: Callable[[HostedAnswer], None]) -> HostedForm:
    """The form that the host accepts; the answer to the first question is kept."""
    if not spending.reserve(first.example.id, asker.most_attempts * asker.highest_price(first)):
        raise CostLimitError("nothing is answered")
    tried = asker.find_form(first)
    spending.settle(first.example.id, sum(price_of_answer(asker.spec, each) for each in tried if not each.from_cache))
    assert asker.form is not None
    keep(tried[-1])
    return asker.form


def _make_questions(spec: JudgeSpec, questions: Sequence[JudgeQuestion]) -> list[HostedQuestion]:
    task = make_judge_task(spec)
    return [HostedQuestion(make_judge_example(i, each, task), (Turn("user", each.prompt),)) for i, each in enumerate(questions)]


def _read_answer(spec: JudgeSpec, question: JudgeQuestion, answer: HostedAnswer) -> Judgement:
    assert spec.api is not None
    prediction = answer.prediction
    parsed = parse_answer(spec, prediction.output, was_cut=answer.finish_reason == "length")
    return Judgement(
        question.example, question.strategies, question.question, question.repeat, question.prompt, prediction.output,
        "" if answer.refusal else parsed.verdict,
        answer.refusal or parsed.reason,
        "refused" if answer.refusal else parsed.why_missing,
        model=answer.model,
        asked=answer.asked,
        tokens_in=prediction.tokens_in,
        tokens_out=prediction.tokens_out,
        from_cache=answer.from_cache,
        price=0.0 if answer.from_cache else price_of_answer(spec.api, answer),
    )  # fmt: skip
