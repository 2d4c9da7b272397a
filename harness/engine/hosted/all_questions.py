"""All test examples, answered by a hosted model, several at a time. Each answer is passed on as it comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.engine.hosted.asking import HostedAnswer, HostedAsker, HostedQuestion
from harness.engine.hosted.spending import CostLimitError, HostedSpending
from harness.engine.served import ask_together
from harness.errors import BenchError
from harness.types import ApiSpec

_MOST_REFUSED = 10  # in a row: then it is not about their texts


def price_of_answer(spec: ApiSpec, answer: HostedAnswer) -> float:
    """What an answer costs; 0 without a price."""
    prediction = answer.prediction
    return 0.0 if spec.price is None else spec.price.of_tokens(prediction.tokens_in, prediction.tokens_out)


def ask_all(
    asker: HostedAsker,
    questions: Sequence[HostedQuestion],
    *,
    done: Mapping[str, HostedAnswer],
    spending: HostedSpending,
    on_answer: Callable[[HostedAnswer], None],
) -> list[HostedAnswer]:
    """The answers to all questions, in order.

    Args:
        asker: with the form that the host accepts.
        done: answers of an interrupted run, by example id.
        on_answer: receives each new answer, in the calling thread.

    Raises:
        CostLimitError: the limit is reached. What was answered before has been passed on, as for the other errors.
        BenchError: the host does not answer, or refuses ten questions in a row.
    """
    answers, waiting = dict(done), [each for each in questions if each.example.id not in done]
    spec, refused, reason = asker.spec, 0, ""

    def take() -> HostedQuestion | None:
        if refused >= _MOST_REFUSED:
            raise BenchError(f"{refused} requests in a row were refused, the last because: {reason}")
        if not waiting or not spending.reserve(waiting[0].example.id, asker.highest_price(waiting[0])):
            return None
        return waiting.pop(0)

    def keep(answer: HostedAnswer) -> None:
        nonlocal refused, reason
        refused, reason = (refused + 1, answer.refusal) if answer.refusal else (0, "")
        spending.settle(answer.prediction.example_id, 0.0 if answer.from_cache else price_of_answer(spec, answer))
        answers[answer.prediction.example_id] = answer
        on_answer(answer)

    ask_together(take, spec.max_concurrency, asker.ask, keep, on_failure=asker.client.stop)
    if waiting:
        raise CostLimitError(f"{len(answers):,} of {len(questions):,} examples are answered")
    return [answers[each.example.id] for each in questions]
