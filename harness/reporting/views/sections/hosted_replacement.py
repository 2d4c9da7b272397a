"""Which own strategies could replace a hosted one, and from which volume on that saves money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.decision import Decision
from harness.reporting.views.sections.money import Money, MoneyRow
from harness.results import HostedReplacement
from harness.statistics import Recommendation
from harness.types import ReplacementSpec

QualityStanding: TypeAlias = Literal["shown", "not_shown", "excluded", "not_compared"]


@dataclass(frozen=True)
class ReplacementRow:
    """An own strategy instead of a hosted one.

    Attributes:
        quality: whether it is shown to be not worse by more than Δ; "excluded" where the decision rules it out.
        money: its costs at full use of the device; None where they are not known.
    """

    replacement: HostedReplacement
    quality: QualityStanding
    money: MoneyRow | None


@dataclass(frozen=True)
class HostedRival:
    """A hosted strategy with every own one.

    Attributes:
        money: None where its price is not known.
    """

    label: str
    money: MoneyRow | None
    rows: tuple[ReplacementRow, ...]


@dataclass(frozen=True)
class ReplacementReport:
    """The hosted strategies of a task.

    Attributes:
        volume: outputs per month that the task expects.
        per_hour: the price of an hour of the device; None where it is not known.
    """

    spec: ReplacementSpec
    volume: int
    per_hour: float | None
    currency: str
    margin: float
    rivals: tuple[HostedRival, ...]

    @property
    def counts_people(self) -> bool:
        """Whether the time of people is part of any break-even."""
        return any(row.replacement.break_even.reviewed for rival in self.rivals for row in rival.rows)


def build_replacement_report(
    replacements: Sequence[HostedReplacement],
    decision: Decision,
    compared: Recommendation | None,
    money: Money,
    spec: ReplacementSpec,
    margin: float,
) -> ReplacementReport | None:
    """None where no strategy is hosted, or none is our own.

    Args:
        compared: every strategy that can be compared, those included that the decision rules out.
        margin: Δ of the task.
    """
    if not replacements:
        return None
    hosted = dict.fromkeys(each.hosted for each in replacements)
    rows = [(each.hosted, ReplacementRow(each, _quality(each, decision, compared), money.row(each.strategy))) for each in replacements]
    rivals = tuple(HostedRival(label, money.row(label), tuple(row for of, row in rows if of == label)) for label in hosted)
    return ReplacementReport(spec, money.volume, money.per_hour, money.currency, margin, rivals)


def _quality(each: HostedReplacement, decision: Decision, compared: Recommendation | None) -> QualityStanding:
    if decision.standing(each.strategy).status == "excluded":
        return "excluded"
    candidates = {} if compared is None else {candidate.name: candidate for candidate in compared.candidates}
    if each.strategy not in candidates or each.hosted not in candidates:
        return "not_compared"
    return "shown" if candidates[each.strategy].leads[each.hosted].is_shown else "not_shown"
