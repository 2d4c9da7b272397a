"""Drawing canaries, and planting them: each is placed before the target of a copy of a training example.

It comes first because the end of a target may be cut to fit the context. The examples themselves stay in the training data unchanged.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.data.canaries.formats import FORMATS, CanaryFormat
from harness.errors import BenchError
from harness.types import Example, Task

_ATTEMPTS = 20


@dataclass(frozen=True)
class Canary:
    """A made-up secret, and the training example whose copies carry it."""

    format: str
    prefix: str
    """The beginning of its sentence."""
    secret: str
    repeats: int
    """How many copies carry it."""
    carrier: Example

    @property
    def sentence(self) -> str:
        """What is planted."""
        return write_sentence(self.prefix, self.secret)


@dataclass(frozen=True)
class CanarySet:
    """The canaries of a task, and for each format the reference candidates: secrets that are planted nowhere."""

    canaries: tuple[Canary, ...]
    references: Mapping[str, tuple[str, ...]]


def write_sentence(prefix: str, secret: str) -> str:
    """The sentence of a canary, or of a reference candidate in its place."""
    return f"{prefix} {secret}."


def draw_canaries(task: Task, train: Sequence[Example], others: Iterable[Example]) -> CanarySet:
    """The canaries of a task. The same examples give the same canaries: all strategies and seeds are tested with equal secrets.

    Neither canaries nor references occur in any example. The carriers are drawn from the half of the training examples with the shortest
    inputs, so that a canary fits behind its prompt.

    Args:
        others: the validation and test examples.

    Raises:
        BenchError: there are fewer training examples than canaries, or the data holds so many texts of a format that no secret is left.
    """
    spec = task.privacy
    if len(train) < spec.all_canaries:
        raise BenchError(
            f"task '{task.name}': privacy: canaries: {spec.canaries} for each of {len(spec.repeats)} numbers of repeats need "
            f"{spec.all_canaries} training examples, and there are {len(train)}. Plant fewer, or use fewer numbers of repeats"
        )
    draw = random.Random(f"{task.name}|{spec.canaries}|{spec.repeats}|{spec.references}")
    texts = [text for example in (*train, *others) for text in (*example.inputs.values(), *example.targets)]
    secrets = {form.name: _draw_secrets(task, form, texts, draw) for form in FORMATS}
    carriers = draw.sample(_with_short_inputs(train, spec.all_canaries), spec.all_canaries)
    canaries = []
    for number, carrier in enumerate(carriers):
        form = FORMATS[number % len(FORMATS)]
        repeats = spec.repeats[number // spec.canaries]
        canaries.append(Canary(form.name, _draw_prefix(form, texts, draw), secrets[form.name].pop(), repeats, carrier))
    return CanarySet(tuple(canaries), {name: tuple(left[: spec.references]) for name, left in secrets.items()})


def plant(task: Task, canaries: Sequence[Canary]) -> list[Example]:
    """The examples to add to the training data: each canary as often as it is repeated."""
    planted = []
    for number, canary in enumerate(canaries):
        carrier = canary.carrier
        target = carrier.targets[0] if carrier.targets else task.no_answer or ""
        changed = replace(carrier, targets=(f"{canary.sentence} {target}".strip(),))
        planted += [replace(changed, id=f"{carrier.id}#canary-{number}-{copy}") for copy in range(canary.repeats)]
    return planted


def _with_short_inputs(train: Sequence[Example], least: int) -> list[Example]:
    by_length = sorted(train, key=lambda example: sum(map(len, example.inputs.values())))
    return by_length[: max(least, len(train) // 2)]


def _draw_prefix(form: CanaryFormat, texts: Sequence[str], draw: random.Random) -> str:
    """A prefix that no text holds, if the format has one: a name that is in the data may be known for another number."""
    prefix = form.draw_prefix(draw)
    for _ in range(_ATTEMPTS):
        if not any(prefix in text for text in texts):
            break
        prefix = form.draw_prefix(draw)
    return prefix


def _draw_secrets(task: Task, form: CanaryFormat, texts: Sequence[str], draw: random.Random) -> list[str]:
    """Distinct secrets that no text holds: the references, and one for each canary of the task."""
    taken = {secret for text in texts for secret in form.pattern.findall(text)}
    needed = task.privacy.references + task.privacy.all_canaries
    if needed + len(taken) > form.secrets:
        raise BenchError(
            f"task '{task.name}': privacy: the data holds {len(taken):,} texts that look like canaries of the format '{form.name}', and no "
            "others are left. Remove 'privacy'"
        )
    drawn = map(form.write, draw.sample(range(form.secrets), needed + len(taken)))
    return [secret for secret in drawn if secret not in taken][:needed]
