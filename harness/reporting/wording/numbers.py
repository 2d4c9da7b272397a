"""How numbers are written, the same on the page and in the terminal. None is a dash: not measured, or not defined."""

from __future__ import annotations

import math

import harness.text

NOTHING = "–"
plural = harness.text.plural  # here for the templates
# By the unit of a score. sacrebleu's scores are commonly printed with one decimal.
_DECIMALS = {
    "fraction": 3,
    "score": 3,
    "nats": 3,
    "coefficient": 3,
    "points": 1,
    "errors": 2,
    "edits per 100 words": 1,
    "margins": 1,
    "bits": 1,
    "words": 1,
}
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


def score(value: float | None, unit: str = "") -> str:
    """A score with the decimals of its unit: three on a 0–1 scale, one on a 0–100 scale; of an unknown unit by the size of the number."""
    if value is None:
        return NOTHING
    decimals = _DECIMALS.get(unit, 3 if abs(value) < 10 else 1)
    return f"{value:.{decimals}f}".replace("-", "−")


def margin(value: float) -> str:
    """A margin as it was declared: no digit is rounded away."""
    return f"{value:.6g}"


def about(value: float) -> str:
    """A forecast of a number of examples, with the two digits that such a forecast is good for."""
    if value >= 1e9:
        return "more than a billion"
    digits = len(str(round(value))) - 2
    return f"{round(value, -digits) if digits > 0 else round(value):,.0f}"


def interval(low: float | None, high: float | None, unit: str = "") -> str:
    """The ends of an interval, "0.412–0.437"; empty where there is none."""
    if low is None or high is None:
        return ""
    return f"{score(low, unit)} to {score(high, unit)}" if low < 0 else f"{score(low, unit)}–{score(high, unit)}"


def signed(value: float | None, unit: str = "") -> str:
    """A difference with its sign, which it keeps where it rounds to zero."""
    if not value:
        return score(None if value is None else 0.0, unit)
    return score(value, unit) if value < 0 else f"+{score(value, unit)}"


def signed_interval(low: float | None, high: float | None, unit: str = "") -> str:
    """The ends of the interval of a difference; empty where there is none."""
    return "" if low is None or high is None else f"{signed(low, unit)} to {signed(high, unit)}"


def share(value: float | None) -> str:
    """A part of a whole: "13%", below one in a hundred "0.4%"."""
    if value is None:
        return NOTHING
    return f"{_percent(value)}%"


def probability(value: float) -> str:
    """A probability in percent; one below 1 is never written as 100%."""
    return "more than 99%" if 0.995 <= value < 1 else share(value)


def share_precisely(value: float) -> str:
    """A share close to 1, with the digits that tell it from 1: "99.5%", "99.97%"."""
    text = f"{100 * value:.4f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    kept = len(decimals) - len(decimals.lstrip("9")) + 1
    return f"{100 * value:.{min(kept, 4)}f}".rstrip("0").rstrip(".") + "%" if decimals else f"{whole}%"


def share_interval(low: float | None, high: float | None) -> str:
    """The ends of an interval of shares, "35–77%"; empty where there is none."""
    if low is None or high is None:
        return ""
    return f"{share(low)} to {share(high)}" if low < 0 else f"{_percent(low)}–{share(high)}"


def fewer(share: float) -> str:
    """A relative reduction: "58% fewer", "12% more"."""
    percent = round(100 * abs(share))
    return f"{percent}% {'more' if share < 0 and percent else 'fewer'}"


def fewer_interval(low: float, high: float) -> str:
    """The ends of the interval of a relative reduction, the smaller change first: "35–77%", "2% more to 12% fewer"."""
    if low >= 0:
        return f"{round(100 * low)}–{round(100 * high)}%"
    if high <= 0:
        return f"{round(-100 * high)}–{round(-100 * low)}%"
    return f"{fewer(low)} to {fewer(high)}"


def _percent(value: float) -> str:
    return f"{100 * value:.{0 if abs(value) >= 0.01 or value == 0 else 1}f}".replace("-", "−")


def with_unit(text: str, unit: str) -> str:
    """A number in a sentence with its unit: '+2.3 points'. Scores from 0 to 1 and ratios have no unit."""
    if unit in ("", "fraction", "score", "coefficient", "ratio"):
        return text
    return f"{text} {unit.removesuffix('s') if text == '1' else unit}"


def p_value(value: float | None) -> str:
    """A p-value: 'p < 0.001', 'p = 0.034'; empty where there is none."""
    if value is None:
        return ""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def bare_p_value(value: float | None) -> str:
    """A p-value in a column headed 'p': '< 0.001', '0.034'; a dash where there is none."""
    return p_value(value).removeprefix("p ").removeprefix("= ") or NOTHING


def seconds(value: float | None) -> str:
    """A duration: 0.42 s, 12.3 s, 4 min 05 s, 2 h 05 min."""
    if value is None:
        return NOTHING
    if value == 0:
        return "0 s"
    if value < 9.995:
        return f"{value:.2f} s"
    if value < 59.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(value / 60)
    return f"{minutes // 60:,} h {minutes % 60:02d} min"


def latency(value: float | None) -> str:
    """The time of an answer: 6.3 ms, 420 ms, 1.25 s."""
    if value is None or value >= 0.9995:
        return seconds(value)
    return f"{1000 * value:.0f} ms" if value >= 0.00995 else f"{1000 * value:.2g} ms"


def money(value: float | None, currency: str) -> str:
    """An amount of money, with as many decimals as its size needs."""
    if value is None:
        return NOTHING
    if value == 0:
        text = "0"
    elif value < 0.0001:
        return f"< {_amount('0.0001', currency)}"
    elif value < 0.1:
        text = f"{value:.4f}"
    else:
        text = f"{value:,.2f}" if value < 1000 else f"{value:,.0f}"
    return _amount(text, currency)


def currency_affixes(currency: str) -> tuple[str, str]:
    """What stands before and after an amount: ("$", ""), ("", " CHF")."""
    sign = _SIGNS.get(currency)
    return (sign, "") if sign else ("", f" {currency}")


def _amount(text: str, currency: str) -> str:
    prefix, suffix = currency_affixes(currency)
    return f"{prefix}{text}{suffix}"


def size(value: float | None) -> str:
    """Bytes in binary units, as memory is sold."""
    if value is None:
        return NOTHING
    unit = "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1000:
            break
        unit, value = larger, value / 1024
    if unit == "B":
        return f"{value:.0f} B"
    return f"{value:.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}"


def count(value: float | None) -> str:
    """A whole number with thousands separators."""
    return NOTHING if value is None else f"{round(value):,}"


def rounded_up(value: float | None) -> str:
    """A count with two significant digits, rounded up: 39,433 is 40,000."""
    return NOTHING if value is None else count(-_round_down(-value))


def rounded_down(value: float | None) -> str:
    """A count with two significant digits, rounded down: 39,433 is 39,000."""
    return NOTHING if value is None else count(_round_down(value))


def _round_down(value: float) -> float:
    step = 10 ** max(0, math.floor(math.log10(abs(value))) - 1) if value else 1
    return math.floor(value / step + 1e-9) * step


def parameters(value: int | None) -> str:
    """Parameters: 921,600, 4.9M, 134.5M, 1.71B."""
    if value is None:
        return NOTHING
    if value >= 1e9:
        return f"{value / 1e9:.2f}B"
    return f"{value / 1e6:.1f}M" if value >= 1e6 else f"{value:,}"


def percent(part: float, whole: float) -> str:
    """A share in percent; a share above 0 is never written as 0%."""
    if not whole:
        return NOTHING
    share = 100 * part / whole
    return f"{share:.0f}%" if share >= 10 or share == 0 else f"{share:.1f}%" if share >= 0.1 else "< 0.1%"
