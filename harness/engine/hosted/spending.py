"""What the answers of a run may cost, and when to stop before it is more."""

from __future__ import annotations

from harness.errors import BenchError


class CostLimitError(BenchError):
    """The next answer could cost more than is left."""


class HostedSpending:
    """Money in one currency. What is under way counts with the most that it may cost.

    Attributes:
        paid: for the answers so far, those of an interrupted run included, those from the cache not.
    """

    def __init__(self, most: float | None = None, paid: float = 0.0) -> None:
        """
        Args:
            most: the limit; None: there is none.
        """
        self.most, self.paid = most, paid
        self._under_way: dict[str, float] = {}
        self._excess = 1.0  # how many times its estimate an answer has cost, at most

    def reserve(self, name: str, estimate: float) -> bool:
        """Whether a request may be sent: if so, the most that it may cost is set aside, so that no answer under way can exceed the limit.

        Where an answer has cost more than the most that was estimated, because its text has more tokens than such texts have, all later
        estimates are raised in proportion.

        Args:
            name: of the request.
            estimate: the most that it may cost: as many tokens as its text may have, and as many as may be written.
        """
        if self.most is not None and self.paid + self._excess * (sum(self._under_way.values()) + estimate) > self.most:
            return False
        self._under_way[name] = estimate
        return True

    def settle(self, name: str, price: float) -> None:
        """Count what a request has cost: 0 where its answer was in the cache."""
        estimate = self._under_way.pop(name, 0.0)
        self.paid += price
        if estimate > 0:
            self._excess = max(self._excess, price / estimate)


def write_amount(amount: float) -> str:
    """An amount of money for a message: "30,030.00", and below one with the digits that matter, "0.001234"."""
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.4g}"
