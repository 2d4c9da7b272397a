"""The audit of a report: its own procedures on simulated test sets of the same size, in worlds whose truth is known.

| promise | world | counted |
| --- | --- | --- |
| the interval of a score, or of a difference, holds the truth | as observed | intervals that hold it |
| "better" and "worse" point in the right direction | as observed | verdicts that do not |
| equally good strategies are not called different | tilted: the two are equal | verdicts "better" or "worse" |
| what is recommended is within Δ of the best | tilted, or mixed with the best: one is worse by 1.02 Δ | wrong recommendations |
| the same, where the loss is hidden in rare total failures | as good as the best, with failures | wrong recommendations |
| a strategy that is called within a guardrail is within it | tilted: the score, or difference, is at the limit | guardrails called kept |
| what beats the trivial baseline is better than it | tilted: the two are equal | strategies called better |
| what passes, or fails, a release rule does so in truth | tilted: exactly at the border of the rule | PASS; FAIL |

In the worlds of wrong choices, the worse strategy counts as the cheapest: otherwise it would hardly ever be chosen.

Every world is made from the examples of the run (`world`). What no example of the run shows, no simulation can show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from harness.statistics.audit.audit_result import Audit
from harness.statistics.audit.study import AuditedClaim, AuditedStrategy, Study
from harness.statistics.audit.world import make_world
from harness.statistics.examples import cluster_index, complete_examples, count_units
from harness.types import Metric


def audit_report(
    strategies: Sequence[AuditedStrategy],
    *,
    metric: Metric,
    margin: float,
    groups: Sequence[str | None],
    claims: Callable[[str], Sequence[AuditedClaim]] = lambda best: (),
    simulations: int = 200,
    alpha: float = 0.05,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Audit | None:
    """Simulate the report of these strategies; None without a strategy or with fewer than two independent examples.

    An interruption (KeyboardInterrupt) ends with the simulations that are done, if there are any.

    Args:
        claims: the claims about a strategy that are decided on claim limits, by its name; asked for the best one.
        simulations: test sets to draw in each world, at least 1.
        progress: called with the number of simulations that are done, and of all.

    Raises:
        ValueError: shapes that do not fit, or no simulation.
    """
    if simulations < 1:
        raise ValueError(f"at least one simulation is needed, not {simulations}")
    if not strategies:
        return None
    joined = np.concatenate([each.stack for each in strategies], axis=1)
    complete = complete_examples(joined, groups)
    cluster = cluster_index(complete.groups, len(complete.stack))
    if count_units(len(complete.stack), cluster) < 2:
        return None
    cuts = tuple(int(cut) for cut in np.cumsum([each.stack.shape[1] for each in strategies])[:-1])
    observed = make_world(metric, complete.stack, cuts, cluster)
    study = Study(observed, strategies, margin, alpha)
    study.plan(groups, claims)
    rng = np.random.default_rng(seed)
    done = 0
    try:
        while done < simulations:
            study.simulate(rng)
            done += 1
            progress(done, simulations)
    except KeyboardInterrupt:
        if done < 1:
            raise
    return study.result(done, simulations, seed, complete.dropped)
