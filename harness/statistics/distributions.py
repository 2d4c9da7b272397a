"""Quantiles and tails of distributions by SciPy's special functions, with the values of `scipy.stats`.

`scipy.stats` takes 0.3 s to import. Every cell is a process that computes intervals, and often they need nothing else of it.
"""

from __future__ import annotations


def t_quantile(probability: float, df: float) -> float:
    """The value that Student's t stays below with a probability between 0 and 1, exclusive."""
    from scipy.special import stdtrit

    return float(stdtrit(df, probability))


def t_tail(value: float, df: float) -> float:
    """The probability that Student's t exceeds a value."""
    from scipy.special import stdtr

    return float(stdtr(df, -value))


def normal_quantile(probability: float) -> float:
    """The value that a standard normal variable stays below with this probability."""
    from scipy.special import ndtri

    return float(ndtri(probability))


def beta_quantile(probability: float, a: float, b: float) -> float:
    """The value that a beta variable stays below with this probability.

    Args:
        a, b: its parameters, above 0.
    """
    from scipy.special import betaincinv

    return float(betaincinv(a, b, probability))
