"""What torch allocates on the CPU while something runs, inside its operations, too: those of its own profiler."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

from torch.profiler import ProfilerActivity, profile


def peak_of(run: Callable[[], Any]) -> int:
    """Bytes that are allocated at most while it runs, besides those that were before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        run()
    results = profiled.profiler.kineto_results  # the profiler's own sums lose which allocations were there at the same time
    events = sorted((each for each in results.events() if each.name() == "[memory]"), key=lambda each: each.start_ns())
    return max(accumulate((each.nbytes() for each in events), initial=0))
