"""All test examples, answered by a server: the first ones one at a time, the others several at a time. Each answer is kept as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

from harness.engine.inference import Predictor, PromptedExample
from harness.engine.served.client import ServerClient
from harness.engine.served.request_forms import RequestForm, ask
from harness.types import Prediction

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MOST_ALONE = 100
_ALONE_SECONDS = 30.0


@dataclass(frozen=True)
class ServedAnswer:
    """One answer of a server.

    Attributes:
        seconds: from the request to the complete answer, repeated attempts included.
        at_once: how many requests there were at a time.
        prompt_tokens: as the server counted them; None where it does not say.
    """

    prediction: Prediction
    seconds: float
    at_once: int
    prompt_tokens: int | None


def answer_through_server(
    client: ServerClient,
    form: RequestForm,
    model: str,
    predictor: Predictor,
    pairs: Sequence[PromptedExample],
    *,
    at_once: int,
    done: Mapping[str, ServedAnswer],
    on_answer: Callable[[ServedAnswer], None],
    clock: Callable[[], float] = time.perf_counter,
) -> list[ServedAnswer]:
    """Answer every example, in order.

    At most 100 examples are asked one at a time, for 30 seconds, but no more than half of them; their times are those of a server with
    nothing else to do.

    Args:
        done: answers of an interrupted measurement, by example id.
        on_answer: receives each new answer, in the calling thread.

    Raises:
        BenchError: the server did not answer, or refused a request. What was answered before has been passed on.
    """
    answers = dict(done)

    def ask_one(pair: PromptedExample, requests: int) -> ServedAnswer:
        begin = clock()
        prediction, tokens = ask(client, form, model, predictor, pair)
        return ServedAnswer(prediction, clock() - begin, requests, tokens)

    def keep(answer: ServedAnswer) -> None:
        answers[answer.prediction.example_id] = answer
        on_answer(answer)

    waiting = [pair for pair in pairs if pair[0].id not in answers]
    most_alone = min(MOST_ALONE, max(1, len(pairs) // 2)) if at_once > 1 else len(pairs)
    while waiting and _may_ask_alone(answers.values(), most_alone, at_once):
        keep(ask_one(waiting.pop(0), 1))
    ask_together(lambda: waiting.pop(0) if waiting else None, at_once, lambda pair: ask_one(pair, at_once), keep)
    return [answers[example.id] for example, _ in pairs]


def _may_ask_alone(answers: Iterable[ServedAnswer], most: int, at_once: int) -> bool:
    alone = [answer.seconds for answer in answers if answer.at_once == 1]
    return len(alone) < most and (at_once == 1 or sum(alone) < _ALONE_SECONDS)


def ask_together(
    take: Callable[[], Item | None],
    at_once: int,
    ask_one: Callable[[Item], Answer],
    keep: Callable[[Answer], None],
    *,
    on_failure: Callable[[], None] = lambda: None,
) -> None:
    """Ask several at a time. After a failure no further item is asked, and the answers that are under way are kept.

    Args:
        take: the next item, called when there is room for another request; None where there is none at present. It is called again after
            each answer. All is done when it returns None with no request under way.
        ask_one: called in threads.
        keep: receives each answer in the calling thread.
        on_failure: called once, before the answers that are under way are awaited.

    Raises:
        BaseException: the first failure, which may be an interruption by the user.
    """
    failure: BaseException | None = None
    with ThreadPoolExecutor(at_once) as threads:
        running: set[Future[Answer]] = set()
        while True:
            try:
                while failure is None and len(running) < at_once and (item := take()) is not None:
                    running.add(threads.submit(ask_one, item))
                if not running:
                    break
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for each in ended:
                    if each.exception() is None:
                        keep(each.result())
                for each in ended:
                    each.result()  # raises what went wrong
            except BaseException as error:
                if failure is not None and isinstance(error, KeyboardInterrupt):  # interrupted a second time
                    raise
                if failure is None:
                    failure = error
                    on_failure()
    if failure is not None:
        raise failure
