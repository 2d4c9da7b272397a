"""What the answers of a run may cost, and when to stop before it is more."""

from __future__ import annotations

from harness.errors import BenchError

_KNOWN_FROM = 10  # answers, after which the prices of these tell more than the estimate
_MARGIN = 2.0  # how much more than the most expensive of them an answer may cost


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
        self._highest, self._count = 0.0, 0

    def reserve(self, name: str, estimate: float) -> bool:
        """Whether a request may be sent: if so, the most that it may cost is set aside.

        Args:
            name: of the request.
            estimate: the most that it may cost, as far as its text tells.
        """
        expected = min(estimate, _MARGIN * self._highest) if self._count >= _KNOWN_FROM else estimate
        expected = max(expected, self._highest)
        if self.most is not None and self.paid + sum(self._under_way.values()) + expected > self.most:
            return False
        self._under_way[name] = expected
        return True

    def settle(self, name: str, price: float) -> None:
        """Count what a request has cost: 0 where its answer was in the cache."""
        self._under_way.pop(name, None)
        self.paid += price
        if price:
            self._highest, self._count = max(self._highest, price), self._count + 1
