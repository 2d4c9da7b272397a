"""Sentences about totals: what can, and what cannot be concluded where the scores of single examples are not known."""

from __future__ import annotations

from harness.reporting.views import TaskOutcome
from harness.reporting.wording import numbers
from harness.reporting.wording.names import list_strategies, starts_sentence, strategy_in_sentence
from harness.statistics import TotalsPair, TotalsStanding

_MOST_NAMES = 5


def describe_totals(task: TaskOutcome) -> list[str]:
    """What the totals show, the most important first."""
    pairs, scored = task.decision.totals or (), task.scored
    examples = numbers.plural(task.test_size, "test example")
    first = f"There is one total for each of {len(scored):,} strategies on {examples}, and no score of a single example."
    sentences = [f"{first} The strategies cannot be compared example by example, and the release gate cannot judge them."]
    sentences += _describe_best(task, pairs)
    sentences += _describe_pairs(pairs)
    once = [result for result in scored if result.varies_by_seed and len(result.done) < 2]
    if once:
        who = "Each strategy was" if len(once) == len(scored) else f"{len(once)} of the {len(scored)} strategies were"
        sentences.append(f"{who} trained with one seed. By how much another seed would change the scores is not known.")
    return sentences


def count_not_shown(task: TaskOutcome) -> tuple[int, int] | None:
    """How many strategies are not shown to differ from the best, and how many others there are; None where that was not tested, or there is
    one other."""
    standings = [standing for _, standing in _against_best(task)]
    return (sum(standing != "shown" for standing in standings), len(standings)) if len(standings) > 1 else None


def _against_best(task: TaskOutcome) -> list[tuple[str, TotalsStanding]]:
    """Each other strategy, and whether it is shown to differ from the best."""
    best, pairs = task.scored[0].label, task.decision.totals or ()
    return [(pair.b if pair.a == best else pair.a, pair.standing) for pair in pairs if best in (pair.a, pair.b)]


def _describe_best(task: TaskOutcome, pairs: tuple[TotalsPair, ...]) -> list[str]:
    """The strategies that are not shown to differ from the best."""
    best = task.scored[0].label
    if not pairs:
        return ["How many answers are right is not known, so no difference can be tested."]
    others = _against_best(task)
    same = [name for name, standing in others if standing != "shown"]
    name = strategy_in_sentence(best)
    if not same:
        return [starts_sentence(f"{name} scored highest, and is shown to differ from every other strategy.", best)]
    listed = list_strategies(same, _MOST_NAMES)
    of = f"{len(same)} of the {len(others)} others are" if len(others) > 1 else "the other is"
    text = f"{name} scored best, but {of} not shown to differ from it: {listed}."
    return [starts_sentence(text, best)]


def _describe_pairs(pairs: tuple[TotalsPair, ...]) -> list[str]:
    """How many pairs are shown to differ, cannot be shown to, or are open."""
    if not pairs:
        return []
    count = {standing: sum(pair.standing == standing for pair in pairs) for standing in ("shown", "beyond", "open")}
    return [
        f"Of {numbers.plural(len(pairs), 'pair')} of strategies, {count['shown']:,} are shown to differ (5% level, corrected for all "
        f"pairs), {count['beyond']:,} differ by so few answers that no analysis of these answers could show it, and {count['open']:,} are "
        "open: the answers to single examples could show a difference.",
        "This treats the totals as if each strategy had answered other examples. That is cautious where strategies mostly agree on which "
        "examples they get right.",
    ]
