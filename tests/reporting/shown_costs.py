"""The cells of the cost tables, as a browser shows them."""

from __future__ import annotations

from typing import Any


def read_costs(page: Any, box: str) -> dict[str, dict[str, str]]:
    """The text of each cell by strategy and cost.

    Args:
        box: the CSS class around the table.
    """
    table: dict[str, dict[str, str]] = page.evaluate(
        """(box) => Object.fromEntries([...document.querySelectorAll(`.${box} tr[data-label]`)].map((row) => [row.dataset.label,
        Object.fromEntries([...row.querySelectorAll("[data-cost]")].map((cell) => [cell.dataset.cost, cell.textContent]))]))""",
        box,
    )
    return table
