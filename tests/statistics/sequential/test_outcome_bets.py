"""Limits of a difference that hold at every look: against another implementation, and on made-up experiments."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_up_experiments import answers, assign, first_shown, heavy_users, wrong_claims

from harness.statistics.sequential import difference_limits
from harness.statistics.sequential.outcome_bets import _bets, _log_capital

SHARE, EFFECT = 0.5, 0.05


def test_the_capital_is_that_of_another_implementation() -> None:
    """The mean of four calls of `betting_mart` of confseq (gostevehoward/confseq, commit 70b1ef3) with the same stakes, on (y + 2)/4."""
    x = np.array([1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0.5])
    is_challenger = np.array([1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 0, 1], dtype=bool)
    capital = np.exp(_log_capital(*_bets(x, is_challenger, 0.5, 0.1), 0.05))
    expected = [1.1425, 1.3449625, 1.5326883125, 1.307353022648402, 1.5466012382513885, 1.7109417358974128, 1.5047769493386356]
    expected += [1.1872846498866074, 1.3101455240775728, 1.4417939169073235, 1.2772888488605194, 1.1986982891767215]
    assert capital == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("rate", "share"), [(0.7, 0.5), (0.03, 0.5), (0.7, 0.1)])
def test_equal_variants_are_rarely_called_different_with_a_look_after_every_unit(rate: float, share: float) -> None:
    generator = np.random.default_rng(20)
    is_challenger = assign(generator, 300, 1000, share)
    x = answers(generator, np.full(is_challenger.shape, rate))
    assert wrong_claims(x, is_challenger, share, EFFECT) <= 0.05


@pytest.mark.parametrize("heavy_first", [False, True])
def test_heavy_users_count_as_one_unit(heavy_first: bool) -> None:
    generator = np.random.default_rng(21)
    is_challenger = assign(generator, 300, 1000, SHARE)
    x = heavy_users(generator, is_challenger.shape, heavy_first=heavy_first)
    assert wrong_claims(x, is_challenger, SHARE, EFFECT) <= 0.05


def test_many_answers_of_few_users_counted_as_units_would_be_wrong() -> None:
    """Why the user is the unit: the same data with a look after every answer call equal variants different far too often."""
    generator = np.random.default_rng(22)
    users, answers_each = 40, 50
    is_challenger = assign(generator, 200, users, SHARE)
    rates = generator.beta(1, 1, is_challenger.shape)
    x = answers(generator, np.repeat(rates, answers_each, axis=1))
    per_answer = wrong_claims(x, np.repeat(is_challenger, answers_each, axis=1), SHARE, EFFECT)
    per_user = wrong_claims(x.reshape(200, users, answers_each).mean(axis=2), is_challenger, SHARE, EFFECT)
    assert per_answer > 0.2 and per_user <= 0.05


def test_the_limits_contain_the_difference_at_every_look() -> None:
    generator = np.random.default_rng(23)
    inside = 0
    for _ in range(60):
        is_challenger = assign(generator, 1, 400, 0.4)[0]
        x = answers(generator, np.where(is_challenger, 0.75, 0.6))
        limits = difference_limits(x, is_challenger, share=0.4, bounds=(0.0, 1.0), effect=EFFECT, alpha=0.05)
        inside += bool(((limits.low <= 0.15) & (limits.high >= 0.15)).all())
        assert (np.diff(limits.low) >= 0).all() and (np.diff(limits.high) <= 0).all()
    assert inside >= 57


def test_limits_say_what_the_capital_says() -> None:
    """A limit reaches a difference exactly when the capital that is bet against it has reached 2/α."""
    generator = np.random.default_rng(24)
    is_challenger = assign(generator, 1, 1500, SHARE)[0]
    x = answers(generator, np.where(is_challenger, 0.8, 0.65))
    limits = difference_limits(x, is_challenger, share=SHARE, bounds=(0.0, 1.0), effect=EFFECT, alpha=0.05, exact_at=[0.0, 0.0337])
    for above in (0.0, 0.0337):
        (first,) = first_shown(x[None], is_challenger[None], share=SHARE, above=above, effect=EFFECT, alpha=0.025)
        assert int((limits.low >= above).argmax()) + 1 == first


def test_limits_follow_the_scale_and_the_direction() -> None:
    generator = np.random.default_rng(25)
    is_challenger = assign(generator, 1, 500, SHARE)[0]
    x = answers(generator, np.where(is_challenger, 0.9, 0.5))
    one = difference_limits(x, is_challenger, share=SHARE, bounds=(0.0, 1.0), effect=EFFECT, alpha=0.05)
    stars = difference_limits(1 + 4 * x, is_challenger, share=SHARE, bounds=(1.0, 5.0), effect=4 * EFFECT, alpha=0.05)
    swapped = difference_limits(x, ~is_challenger, share=SHARE, bounds=(0.0, 1.0), effect=EFFECT, alpha=0.05)
    assert stars.low == pytest.approx(4 * one.low) and stars.estimate[-1] == pytest.approx(4 * one.estimate[-1])
    assert swapped.low == pytest.approx(-one.high) and swapped.high == pytest.approx(-one.low)


@pytest.mark.parametrize("units", [0, 1])
def test_nothing_is_known_at_first(units: int) -> None:
    limits = difference_limits(np.ones(units), np.ones(units, dtype=bool), share=SHARE, bounds=(0.0, 1.0), effect=EFFECT, alpha=0.05)
    assert len(limits.low) == units
    assert all(low == -1 and high == 1 and math.isnan(e) for low, high, e in zip(limits.low, limits.high, limits.estimate, strict=True))


def test_one_variant_alone_shows_no_difference() -> None:
    """Whether 1,000 successes of the champion are good is not known without the challenger."""
    limits = difference_limits(np.ones(1000), np.zeros(1000, dtype=bool), share=0.001, bounds=(0.0, 1.0), effect=EFFECT, alpha=0.05)
    assert limits.low[-1] < 0 < limits.high[-1]
