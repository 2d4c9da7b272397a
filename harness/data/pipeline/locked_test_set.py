"""A locked test set: a task names the digest of its test examples, and nothing may change them or train on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.data.identity import digest_test_set
from harness.errors import BenchError, setting
from harness.text import plural
from harness.types import Example, Task


def check_locked_test(task: Task, test: Sequence[Example], duplicates: Mapping[str, int], *, is_given: bool) -> list[str]:
    """Check the test examples of a task against its lock.

    Args:
        test: all of them, before any sampling.
        duplicates: by pair of splits, how many examples of the first occur in the second.
        is_given: whether the data has its own splits.

    Returns:
        A line for the data report.

    Raises:
        BenchError: the test set is not the locked one, or it was given for training, too.
    """
    digest = digest_test_set(test)
    count = plural(len(test), "example")
    if digest != task.data.locked_test:
        raise BenchError(
            f"{task.name}: data.locked_test: the test set is not the one that was locked. Its {count} have the digest {digest[:12]}…, "
            f"locked is {(task.data.locked_test or '')[:12]}…. Restore the data and the settings of the split. To lock this test set "
            f"instead, run `bench tasks lock` with {setting('force')}; results on the two cannot be compared"
        )
    copied = {split: duplicates.get(f"{split}/test", 0) for split in ("train", "validation")}
    if is_given and any(copied.values()):
        split = max(copied, key=lambda name: copied[name])
        raise BenchError(
            f"{task.name}: data.locked_test: {plural(copied[split], 'example')} of '{split}' {'has' if copied[split] == 1 else 'have'} the "
            "inputs of locked test examples. Remove them from the file: a locked test set is never used for training"
        )
    return [f"the test set is locked: {count}, digest {digest[:12]}…"]
