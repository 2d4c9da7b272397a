"""How many examples to rate: sentences and a table, and the command that exports them."""

from __future__ import annotations

import shlex

from harness.reporting.wording import numbers
from harness.reporting.wording.names import list_names, score_name, strategy_in_sentence, strategy_name
from harness.reporting.wording.text_table import TextTable
from harness.review import RatingPlan, RatingsNeeded

_SAMPLES = {"disagreement": "favours disagreement of the scores", "low-score": "favours low scores"}
_FIRST = 30  # ratings after which it is known how much a score explains
_TITLE = "Rated examples needed"
_NO_HELP_WITH_ERRORS = (
    "Automatic scores do not reduce these numbers: critical errors are rare, so a score adds little, and no limit on them may be kept "
    "because of one."
)
_TWO_STAGES = (
    f"Rate about {_FIRST} examples in the order of the packet, import them, and run this command again: it then knows how much a score "
    "explains, and how many examples are enough. Stop at that number, not when the result looks good."
)


def describe_question(plan: RatingPlan) -> str:
    """What is rated."""
    names = " and ".join(strategy_in_sentence(name) for name in plan.strategies)
    return f"{plan.task} · {plan.mode} · {names} · {numbers.plural(plan.examples, 'test example')}"


def build_plan_table(plan: RatingPlan) -> TextTable:
    """How many rated examples each result takes."""
    rows: tuple[tuple[str, ...], ...]
    if plan.mode == "errors":
        rows = tuple((_name_result(plan, each), _count(each.alone), _count(each.without_errors)) for each in plan.needed)
        columns = ("result to show", "if half as many occur", "if raters find none")
        return TextTable(_TITLE, columns, (False, True, True), rows, "At 80% power, with exact limits of the ratings alone.")
    helped = tuple(_name_help(plan, share) for share in plan.explained)
    rows = tuple((_name_result(plan, each), _count(each.alone), *(_count(number) for number in each.helped)) for each in plan.needed)
    note = "At 80% power, with 95% confidence. “–”: rating every test example would not be enough."
    return TextTable(_TITLE, ("result to show", "ratings alone", *helped), (False, *(True,) * (1 + len(helped))), rows, note)


def describe_plan(plan: RatingPlan, run: str) -> list[str]:
    """What the numbers rest on, which sample to draw, and what to do next."""
    sentences = [_NO_HELP_WITH_ERRORS if plan.mode == "errors" else _describe_basis(plan)]
    if plan.factors and not _continues_packet(plan):
        sentences.append(_describe_samples(plan))
    if plan.is_open and (plan.earlier is None or plan.earlier.rated < plan.n):
        sentences.append(f"Even if all {numbers.plural(plan.examples, 'example')} are rated, this may remain open: {_quote(plan)}.")
    sentences.append(_describe_step(plan, run))
    if plan.earlier is None and plan.explained and plan.n > _FIRST:
        sentences.append(_TWO_STAGES)
    return sentences


def _describe_step(plan: RatingPlan, run: str) -> str:
    """What to rate now."""
    earlier = plan.earlier
    if earlier is not None and earlier.rated >= plan.n:
        if plan.is_open:
            return f"All {numbers.plural(plan.examples, 'test example')} are rated: only a larger test set can show {_quote(plan)}."
        return f"These {earlier.rated} rated examples are enough for {_quote(plan)}."
    if earlier is not None and _continues_packet(plan):
        more = numbers.plural(plan.n - earlier.rated, "more example")
        return f"To show {_quote(plan)}, rate {more} of packet {earlier.packet}, in its order."
    alone = "Every packet is analysed by itself. " if earlier is not None else ""
    purpose = "To rate all of them" if plan.is_open else f"To show {_quote(plan)}"
    return f"{alone}{purpose}: {format_export(plan, run)}"


def _continues_packet(plan: RatingPlan) -> bool:
    """Whether the packet with the earlier ratings has enough examples."""
    earlier = plan.earlier
    return earlier is not None and (earlier.rated >= plan.n or (earlier.sampled >= plan.n and plan.sample == "random"))


def format_export(plan: RatingPlan, run: str) -> str:
    """The command that exports the packet."""
    options = ["--task", plan.task, "--strategies", ",".join(plan.strategies), "--mode", plan.mode, "--n", str(plan.n)]
    if plan.sample != "random":
        options += ["--sample", plan.sample]
    return shlex.join(["bench", "review", "export", run, *options])


def _describe_basis(plan: RatingPlan) -> str:
    if plan.earlier is None:
        is_scale = plan.mode == "scales"
        assumed = "the difference between two outputs has a standard deviation of one answer" if is_scale else "no ties"
        unknown = " How much a score explains is not known before there are ratings." if plan.explained else ""
        return f"Assumed: {assumed}, and examples are independent.{unknown}"
    basis = f"{numbers.plural(plan.earlier.rated, 'rated example')} of packet {plan.earlier.packet}"
    if not plan.earlier.scores:
        return f"In the {basis}, no automatic score explains the ratings well enough to help."
    scores = list_names([score_name(name) for name in plan.earlier.scores])
    return f"In the {basis}, {scores} explains {numbers.share(plan.earlier.explained)} of the variance of the ratings."


def _describe_samples(plan: RatingPlan) -> str:
    basis = "judged by these ratings" if plan.earlier is not None else "if ratings vary equally on all examples"
    compared = " and ".join(f"one that {_SAMPLES[method]} {_describe_factor(factor)}" for method, factor in plan.factors.items())
    advice = "Draw a random sample" if plan.sample == "random" else f"Draw a sample that {_SAMPLES[plan.sample]}"
    return f"{advice}: {basis}, and compared with a random one, {compared}."


def _describe_factor(factor: float) -> str:
    if round(100 * factor) == 100:
        return "takes as many ratings"
    more = "more" if factor >= 1 else "fewer"
    return f"takes {numbers.share(abs(factor - 1))} {more} ratings"


def _name_result(plan: RatingPlan, needed: RatingsNeeded) -> str:
    *_, strategy = plan.strategies
    if plan.mode == "pairwise":
        return f"{strategy_name(strategy)} preferred in {100 * needed.effect:g}%"
    if plan.mode == "errors":
        return f"at most {100 * needed.effect:g}% critical errors"
    return f"mean rating of {strategy_in_sentence(strategy)} {needed.effect:g} higher"


def _name_help(plan: RatingPlan, share: float) -> str:
    return f"with {'a score' if plan.earlier is None else 'the score'} that explains {numbers.share(share)}"


def _quote(plan: RatingPlan) -> str:
    return f"“{_name_result(plan, plan.question)}”"


def _count(number: int | None) -> str:
    return numbers.NOTHING if number is None else numbers.count(number)
