"""What the first screen of the report says beside the decision: titles, and tiles with the numbers that a signer asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from harness.reporting.views import TaskOutcome
from harness.reporting.wording import numbers
from harness.reporting.wording.gate import format_limit
from harness.reporting.wording.headings import LABELS
from harness.reporting.wording.names import list_strategies, score_name, strategy_in_sentence
from harness.reporting.wording.replacement_sentences import compare_costs, describe_hosted_month, describe_own_month
from harness.results import StrategyResult
from harness.types import Score

CRITICAL_ERRORS, UNSUPPORTED = "critical_error_rate", "unsupported_rate"
SIDE_BY_SIDE = "The strategies side by side"
_NOT_CHECKED = "no exact score and no person has looked for them"
_KINDS: Mapping[str, str] = {"qa": "answers", "summarization": "summaries", "classification": "labels", "generation": "texts"}


@dataclass(frozen=True)
class Amount:
    """An amount of money in a tile, which the page computes again for another volume: the cell `cost` of the row of this strategy."""

    text: str
    money: str
    cost: str
    label: str


@dataclass(frozen=True)
class Tile:
    """A number with its title and what it has to be compared with.

    Attributes:
        code: by which the page finds it.
        value: what is printed large; `of` follows it in small type.
        tone: "bad" or "".
        notes: a line each.
        amounts: further lines, in the tile of costs.
        subject: the strategy whose monthly cost `value` is, in the tile of costs.
    """

    code: str
    title: str
    value: str
    of: str = ""
    tone: str = ""
    notes: tuple[str, ...] = ()
    amounts: tuple[Amount, ...] = ()
    subject: str = ""


def describe_question(task: TaskOutcome) -> str:
    """The title of a task: the question of its owner, or one with the task's name."""
    if task.task.report.question or len(task.strategies) != 1:
        return task.task.report.question or f"Which strategy works best for {task.name}?"
    return f"Is {strategy_in_sentence(task.strategies[0].label)} good enough for {task.name}?"


def describe_setting(task: TaskOutcome, created: str) -> str:
    """How many strategies were compared on what, and when."""
    what = f"{len(task.strategies)} {'strategy' if len(task.strategies) == 1 else 'strategies'}"
    where = "compared on the same" if len(task.strategies) > 1 else "tested on"
    return f"{what} {where} {numbers.plural(task.test_size, 'test example')} · {_day(created)}"


def name_outputs(task: TaskOutcome) -> str:
    """What the outputs of the task are called: "summaries"."""
    return _KINDS.get(task.task.kind, "outputs")


def list_tiles(task: TaskOutcome) -> tuple[Tile, ...]:
    """The tiles of a task. They are about the strategy that the decision names; without one, about the best that has a score."""
    subject = find_subject(task)
    if subject is None:
        return ()
    tiles = [_critical_errors(task, subject), _unsupported(task, subject), _money(task, subject), _confidence(task)]
    return tuple(tile for tile in tiles if tile is not None)


def find_subject(task: TaskOutcome) -> StrategyResult | None:
    """The strategy that the first screen is about; None where none has a score."""
    wanted = task.decision.strategy or task.decision.leader
    return next((result for result in task.scored if result.label == wanted), next(iter(task.scored), None))


def list_safety_scores(task: TaskOutcome) -> tuple[str, ...]:
    """The scores beside the primary one on the first screen: critical errors, and unsupported content where that score is trusted."""
    measured = {name for result in task.strategies for name, score in result.scores.items() if score.value is not None}
    return tuple(name for name in (CRITICAL_ERRORS, UNSUPPORTED) if name in measured and name not in task.unchecked)


def score_label(task: TaskOutcome, score: str) -> str:
    """The plain name of a score: the task's own where it declares one."""
    return task.task.report.labels.get(score) or score_name(score)


def _critical_errors(task: TaskOutcome, subject: StrategyResult) -> Tile | None:
    """The share of outputs with a critical error, by the exact score or by raters; that it is unknown where neither is there."""
    score, raters = subject.scores.get(CRITICAL_ERRORS), task.raters_critical.get(subject.label)
    title, of = "Critical errors", f"of {name_outputs(task)}"
    name = strategy_in_sentence(subject.label)
    if score is None or score.value is None:
        if raters is not None and raters.value is not None:
            return Tile("critical", title, numbers.share(raters.value), of, "", (f"with {name}, by people{_ends(raters)}",))
        return None if task.task.kind == "classification" else Tile("critical", title, "Not checked", notes=(_NOT_CHECKED,))
    results = [each for each in task.decision.guardrails if each.rule.score == CRITICAL_ERRORS and each.strategy == subject.label]
    notes = [f"with {name}{_ends(score)}", *_untuned(task, subject, CRITICAL_ERRORS)]
    notes += [LABELS["unchecked"]] if CRITICAL_ERRORS in task.unchecked else []
    limit = next((each.rule for each in results if each.rule.rule == "ceiling" and not each.rule.slice), None)
    if limit is not None:
        notes.append(f"limit: at most {format_limit(limit.threshold or 0.0, 'fraction')}")
    if raters is not None and raters.value is not None:
        notes.append(f"by people: {numbers.share(raters.value)}{_ends(raters)}")
    tone = "bad" if any(each.status == "broken" for each in results) else ""
    return Tile("critical", title, numbers.share(score.value), of, tone, tuple(notes))


def _unsupported(task: TaskOutcome, subject: StrategyResult) -> Tile | None:
    """The share of unsupported content, where that score is shown to agree with raters."""
    score = subject.scores.get(UNSUPPORTED)
    if score is None or score.value is None or UNSUPPORTED in task.unchecked:
        return None
    notes = (f"with {strategy_in_sentence(subject.label)}{_ends(score)}", *_untuned(task, subject, UNSUPPORTED))
    return Tile("unsupported", "Unsupported content", numbers.share(score.value), "of the content", "", notes)


def _money(task: TaskOutcome, subject: StrategyResult) -> Tile | None:
    """The cost of a month at the volume of the report."""
    money, own = task.money, task.money.row(subject.label)
    if own is None or own.use.monthly_price is None or subject.costs is None:
        return None
    amounts = [Amount("training, once:", numbers.money(subject.costs.training_price, money.currency), "training", subject.label)]
    base = money.row(own.baseline)
    if base is not None and base.use.monthly_price is not None:
        amounts.insert(0, Amount("untuned model:", numbers.money(base.use.monthly_price, money.currency), "month", base.label))
    return Tile(
        code="money",
        title=f"{money.volume:,} outputs a month",
        value=numbers.money(own.use.monthly_price, money.currency),
        of="a month",
        notes=(f"with {strategy_in_sentence(subject.label)}", *_beside_hosted(task, subject)),
        amounts=tuple(amounts if subject.costs.training_price else amounts[:-1]),
        subject=subject.label,
    )


def _beside_hosted(task: TaskOutcome, subject: StrategyResult) -> tuple[str, ...]:
    """What a month costs where devices are paid that do not answer all the time, what each hosted strategy costs, and from which volume on
    the own one costs less."""
    report = task.replacement
    rows = [row for rival in report.rivals for row in rival.rows if row.replacement.strategy == subject.label] if report else []
    if report is None or not rows:
        return ()
    kept = f"with {numbers.count(report.spec.hours)} device-hours paid" if report.spec.hours else "with the device partly idle"
    hosted = [f"{strategy_in_sentence(row.replacement.hosted)}: {describe_hosted_month(row, report)}" for row in rows]
    month = f"{kept}: {describe_own_month(rows[0], report)}; {'; '.join(hosted)} ({numbers.plural(report.volume, 'output')})"
    return (month, *(compared for row in rows if (compared := compare_costs(row.replacement))))


def _confidence(task: TaskOutcome) -> Tile | None:
    """How sure the comparison is, in a word, and what it leaves out."""
    compared, seeds = task.decision.recommendation, task.decision.seeds
    title = "Confidence in the ranking"
    single = () if seeds is None or not seeds.single else ("not tested: another training run",)
    if compared is None or len(compared.candidates) < 2 or task.decision.headline == "test_set_unfit":
        return None  # there is nothing to be confident about
    if not compared.reliable:
        return Tile("confidence", title, "Low", notes=("too few test examples, or too uneven", *single))
    if compared.choice is None:
        open_ = [each.name for each in compared.candidates if each.standing == "undecided"]
        return Tile("confidence", title, "Too close", notes=(f"between {list_strategies(open_, 3)}", *single))
    wrong = f"a clearly worse one would be chosen at most {100 * compared.alpha:g}% of the time"
    return Tile("confidence", title, "High", notes=(wrong, *single))


def _untuned(task: TaskOutcome, subject: StrategyResult, name: str) -> list[str]:
    """The same score of the untuned model."""
    base = next((each for each in task.strategies if each.is_base and each.model == subject.model and each.label != subject.label), None)
    score = base.scores.get(name) if base is not None else None
    return [] if score is None or score.value is None else [f"untuned model: {numbers.share(score.value)}"]


def _ends(score: Score) -> str:
    ends = numbers.share_interval(score.low, score.high)
    return f", 95% CI {ends}" if ends else ""


def _day(created: str) -> str:
    day = date.fromisoformat(created[:10])
    return f"{day.day} {day:%B %Y}"
