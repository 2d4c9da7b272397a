"""How numbers are written: scores in their units, intervals, times, money, sizes, shares."""

from __future__ import annotations

import pytest

from harness.reporting.wording import numbers


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (numbers.score(0.4567), "0.457"),
        (numbers.score(31.25), "31.2"),
        (numbers.score(None), "–"),
        (numbers.score(9.87, "points"), "9.9"),
        (numbers.score(12.345, "fraction"), "12.345"),
        (numbers.signed(2.34, "points"), "+2.3"),
        (numbers.signed_interval(-0.04, 10.06, "points"), "−0.0 to +10.1"),
        (numbers.with_unit("+2.3", "points"), "+2.3 points"),
        (numbers.with_unit("1", "points"), "1 point"),
        (numbers.with_unit("+0.1", "fraction"), "+0.1"),
        (numbers.signed(0.1), "+0.100"),
        (numbers.signed(-0.1), "−0.100"),
        (numbers.signed(-0.0001), "−0.000"),
        (numbers.signed(0.0), "0.000"),
        (numbers.interval(0.1, 0.2), "0.100–0.200"),
        (numbers.interval(None, None), ""),
        (numbers.seconds(0.0), "0 s"),
        (numbers.seconds(9.999), "10.0 s"),
        (numbers.seconds(59.97), "1 min 00 s"),
        (numbers.seconds(3599.7), "1 h 00 min"),
        (numbers.seconds(7500), "2 h 05 min"),
        (numbers.money(0.0, "USD"), "$0"),
        (numbers.money(0.00001, "USD"), "< $0.0001"),
        (numbers.money(0.0123, "EUR"), "€0.0123"),
        (numbers.money(12.5, "CHF"), "12.50 CHF"),
        (numbers.money(None, "USD"), "–"),
        (numbers.size(512), "512 B"),
        (numbers.size(1536), "1.5 KiB"),
        (numbers.size(24 * 1024**3), "24.0 GiB"),
        (numbers.parameters(134_515_008), "134.5M"),
        (numbers.parameters(1_710_000_000), "1.71B"),
        (numbers.percent(1, 100_000), "< 0.1%"),
        (numbers.percent(0, 10), "0%"),
        (numbers.p_value(0.0004), "p < 0.001"),
        (numbers.plural(1, "row"), "1 row"),
    ],
)
def test_numbers_are_formatted_for_people(shown: str, expected: str) -> None:
    assert shown == expected
