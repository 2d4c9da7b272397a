"""What a run would send to hosts of models, found out before anything is sent: the user names each host, and knows what is in the texts.

Nothing here sends a text. Each host is asked once for the list of its models, to find out that it answers and accepts the key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from harness.data.privacy import count_identifiers
from harness.engine.hosted import NOTHING, HostedQuestion, chat_prompt, estimate_answer, estimate_price, estimate_prompt, most_new_tokens
from harness.engine.prompts import Shot, render_shots
from harness.engine.served import ServerClient, ServerRefusalError, parse_base_url
from harness.errors import BenchError, setting
from harness.grid.planning.cells import PlannedCell
from harness.grid.planning.plan import Planned
from harness.grid.planning.served_cell import read_key
from harness.text import plural
from harness.types import ApiSpec, Example, HostedForecast, Strategy, Task

_MOST_SEARCHED = 2000  # prompts that are searched for identifiers: about a millisecond each
_ATTEMPTS = 2  # to find out that a host answers


@dataclass(frozen=True)
class HostedRequest:
    """What the user allows.

    Attributes:
        send_to: the hosts that texts may be sent to.
        max_cost: the most that all answers of the run may cost, in the currency of their price; None: any amount.
    """

    send_to: tuple[str, ...] = ()
    max_cost: float | None = None


def read_host_key(spec: ApiSpec) -> str:
    """The key of a host; empty where the strategy names none.

    Raises:
        BenchError: the variable is not set, or holds what no key has. The message does not repeat it.
    """
    key = read_key(spec.api_key_env).strip()
    if spec.api_key_env is not None and not (key.isascii() and key.isprintable() and " " not in key and key):
        raise BenchError(
            f"the environment variable '{spec.api_key_env}' holds a space, a line break or another character that keys do not have"
        )
    return key


def make_questions(task: Task, strategy: Strategy, shots: Sequence[Shot], examples: Sequence[Example]) -> list[HostedQuestion]:
    """What is sent for each example."""
    write = chat_prompt(task, strategy, shots)
    return [HostedQuestion(example, write(example)) for example in examples]


def list_hosted(cells: Sequence[PlannedCell]) -> list[PlannedCell]:
    """The cells that ask a hosted model."""
    return [planned for planned in cells if planned.strategy.api is not None]


def check_hosts(
    planned: Planned, request: HostedRequest, *, open_client: Callable[..., ServerClient] = ServerClient
) -> list[HostedForecast]:
    """Check that the user allows what hosted strategies send, and that their hosts can be asked.

    Raises:
        BenchError: a host is not named, or named and not used; an address, a key or a price is missing or wrong; the limit of costs is
            lower than one answer may cost; a host does not answer, or refuses the key.
    """
    cells = list_hosted(planned.cells)
    problems = _find_unused(cells, request)
    forecasts = []
    for strategy in {cell.strategy.name: cell.strategy for cell in cells}.values():
        own = [cell for cell in cells if cell.strategy.name == strategy.name]
        try:
            forecasts.append(_forecast(planned, strategy, own))
            assert strategy.api is not None
            own_problems = find_host_problems(strategy.api, forecasts[-1], request, planned.plan.options["price"]["currency"])
            problems += [f"strategy '{strategy.name}': {problem}" for problem in own_problems]
        except BenchError as error:
            problems += [f"strategy '{strategy.name}': {problem}" for problem in error.problems]
    if problems:
        raise BenchError(problems)
    for strategy in {cell.strategy.name: cell.strategy for cell in cells}.values():
        assert strategy.api is not None
        try:
            try_host(strategy.api, open_client)
        except BenchError as error:
            raise BenchError(f"strategy '{strategy.name}': {error}") from None
    return forecasts


def forecast_hosts(planned: Planned) -> list[HostedForecast]:
    """What hosted strategies would send, and what that is expected to cost. No host is asked.

    Raises:
        BenchError: an address cannot be used.
    """
    cells = list_hosted(planned.cells)
    strategies = {cell.strategy.name: cell.strategy for cell in cells}
    return [_forecast(planned, strategy, [c for c in cells if c.strategy.name == name]) for name, strategy in strategies.items()]


def _find_unused(cells: Sequence[PlannedCell], request: HostedRequest) -> list[str]:
    hosts = {_host_of(cell.strategy.api) for cell in cells if cell.strategy.api is not None}
    if not cells and request.max_cost is not None:
        return [f"{setting('max_cost', f'{request.max_cost:g}')}: no strategy of this run asks a hosted model"]
    return [f"{setting('send_to', host)}: no strategy of this run asks this host" for host in request.send_to if host.lower() not in hosts]


def _host_of(spec: ApiSpec) -> str:
    try:
        return parse_base_url(spec.base_url)[1]
    except BenchError:
        return ""


def _forecast(planned: Planned, strategy: Strategy, cells: Sequence[PlannedCell]) -> HostedForecast:
    """Raises a BenchError for an address that cannot be used."""
    spec = strategy.api
    assert spec is not None
    parts = []
    for cell in cells:
        task, splits = planned.plan.tasks[cell.cell.task], planned.splits[cell.cell.task]
        shots = render_shots(task, strategy, "decoder", splits.train, cell.cell.seed or 0)
        calibration = splits.calibration if _calibrates(planned, cell) else ()
        questions = make_questions(task, strategy, shots, (*splits.test, *calibration))
        most = most_new_tokens(spec, task, splits.test[0].choices)
        parts.append(QuestionPart(questions, most, is_repeat=bool(cell.cell.seed)))
    return forecast_questions(strategy.name, spec, parts)


@dataclass(frozen=True)
class QuestionPart:
    """Questions whose answers have the same limit.

    Attributes:
        most_new_tokens: of an answer.
        is_repeat: whether the same texts are sent by another part.
    """

    questions: Sequence[HostedQuestion]
    most_new_tokens: int
    is_repeat: bool = False


def forecast_questions(name: str, spec: ApiSpec, parts: Iterable[QuestionPart]) -> HostedForecast:
    """What asking these questions would send, and what that is expected to cost.

    Args:
        name: of the strategy, or of the judge.

    Raises:
        BenchError: the address cannot be used.
    """
    host = parse_base_url(spec.base_url)[1]
    identifiers: Counter[str] = Counter()
    searched, count, price = 0, 0, NOTHING if spec.price is not None else None
    for part in parts:
        count += len(part.questions)
        for question in part.questions:
            one = estimate_price(spec, estimate_prompt(question.turns), estimate_answer(question.example.targets, part.most_new_tokens))
            price = None if price is None or one is None else price + one
        if not part.is_repeat:
            first = part.questions[: max(0, _MOST_SEARCHED - searched)]
            searched += len(first)
            identifiers += count_identifiers(dict.fromkeys(turn.content for question in first for turn in question.turns))
    currency = "" if spec.price is None else spec.price.currency
    return HostedForecast(
        name, host, spec.model, count, dict(identifiers.most_common()), searched,
        price=None if price is None else price.value,
        price_low=None if price is None else price.low,
        price_high=None if price is None else price.high,
        currency=currency,
    )  # fmt: skip


def _calibrates(planned: Planned, hosted: PlannedCell) -> bool:
    """Whether a cascade asks a hosted model the calibration examples of a task, too."""
    return any(
        each.strategy.method == "cascade" and (each.strategy.then, each.cell.task) == (hosted.strategy.name, hosted.cell.task)
        for each in planned.cells
    )


def find_host_problems(spec: ApiSpec, forecast: HostedForecast, request: HostedRequest, currency: str) -> list[str]:
    """Why these questions may not be sent: the host is not named, or there is no key, or a limit of costs without a price.

    Args:
        currency: of the run.
    """
    problems = []
    if spec.price is not None and spec.price.currency != currency:
        problems.append(f"api.price.currency: is {spec.price.currency}, but this run counts in {currency}. Convert the prices")
    if spec.price is None and request.max_cost is not None:
        problems.append(f"has no price, so that {setting('max_cost', f'{request.max_cost:g}')} cannot stop it. Set api.price")
    try:
        read_host_key(spec)
    except BenchError as error:
        problems += error.problems
    if forecast.host not in {host.lower() for host in request.send_to}:
        sent = plural(forecast.questions, "prompt") + (f", and the key in {spec.api_key_env}," if spec.api_key_env is not None else "")
        problems.append(
            f"would send {sent} to {forecast.host}. {_describe_identifiers(forecast)} If these texts may leave this machine, name the "
            f"host: {setting('send_to', forecast.host)}"
        )
    return problems


def _describe_identifiers(forecast: HostedForecast) -> str:
    """What patterns find in the prompts, as sentences."""
    among = "" if forecast.searched >= forecast.questions else f" of the first {forecast.searched:,}"
    if not forecast.identifiers:
        return f"Patterns find no identifiers of people in the texts{among}; what no pattern fits may still be there."
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in forecast.identifiers.items())
    return f"Patterns find identifiers of people in the texts{among}: {kinds}. `bench data anonymize` replaces them."


def try_host(spec: ApiSpec, open_client: Callable[..., ServerClient] = ServerClient) -> None:
    """Ask for the list of models. Not every host has one, and it need not be complete.

    Raises:
        BenchError: the host does not answer, or refuses the key.
    """
    client = open_client(parse_base_url(spec.base_url)[0], key=read_host_key(spec), timeout=min(spec.timeout, 30.0), attempts=_ATTEMPTS)
    try:
        client.list_models()
    except ServerRefusalError as error:
        if error.status in (401, 403) or 300 <= error.status < 400:
            raise
    finally:
        client.close()
