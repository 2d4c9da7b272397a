"""The time of a cell on this machine, from trials of its steps, whose seconds are kept for a day."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from harness.engine.inference import ends_with
from harness.engine.models import has_amx
from harness.forecast.memory_forecast import DeviceKind, arranged_bytes
from harness.forecast.model_outline import Formats, ModelOutline
from harness.forecast.output_lengths import OutputSample, WrittenTokens
from harness.forecast.output_samples import can_sample, list_choices, sample_outputs
from harness.forecast.trials import (
    AnsweringTrial,
    TrainingTrial,
    TrialValues,
    cached_trial,
    count_tried,
    try_answering,
    try_training,
)
from harness.forecast.working_time import answer_range, training_range, tried_answering_seconds, tried_training_seconds
from harness.forecast.workload import AnsweringWork, TrainingWork
from harness.types import ForecastRange

WORTH_TRYING = 0.5
"""Seconds that a cell takes at least, as counted, for its steps to be tried, which takes some seconds itself."""
# Counted seconds of the longest training, or answers, that takes the ratio of a small cell where trials must not be made. A dry run makes
# trials, and its run measures the device again: counts of one cell differ by up to a factor of two, on both sides of `WORTH_TRYING`.
_NEARLY_SMALL = 4 * WORTH_TRYING
_HIGHEST_RATIO = 100.0  # of tried to counted seconds; a line of the cache with more is damaged
# Seconds that a training takes once on a CPU with AMX and on one without, to put the adapter on and to touch its memory for the first time.
# Of 47 trainings of the included model with AMX, 23 were within 25% of a forecast without the 0.4 s, and 44 with them. Of 141 without AMX,
# 116 were within 15% of a forecast with 0.4 s, and 123 with 0.15 s. On a GPU, it was not measured.
_STARTING_ON_AMX, _STARTING = 0.4, 0.15
# Seconds that the answers of an untuned model take once on a CPU: nothing has touched the memory before. In seven measurements of
# classification with the included model, they took 0.06 to 0.23 s longer than a forecast without them.
_FIRST_ANSWERS = 0.1
_COMPILING = 8.0  # seconds of a training's process, with the files that its trial has compiled
_LARGEST_TRIED = 3_000_000_000  # parameters of a model for a trial: steps of more take too long
_TRIAL_SHARE = 0.5  # of the memory
_LOADING = 0.2  # seconds to read the weights of a model that writes a sample: those of SmolLM2-135M took 0.15 s
_LONGEST_SAMPLE, _SAMPLE_SHARE = 10.0, 0.5  # seconds that outputs of a sample may take, and a share of all answers that they may take
_TRIED_MICRO_BATCHES, _TRIED_BATCHES = 6.0, 0.4  # of a training and of answers, that a trial computes; a batch with few of its tokens
_FROZEN_WIDTH, _TRAINED_WIDTH = 4, 16  # bytes of a parameter in a trial; trained ones have gradients and states


@dataclass(frozen=True)
class CellTrials:
    """Trials of a model with a strategy on the device of this machine.

    A trial of a small cell takes as long as the cell. Only the first one of a kind is tried: a training, with or without 4-bit weights, or
    answers, each with texts of about one length. It gives the ratio of tried to counted seconds by which the count of the others is
    multiplied, and of those that are nearly small and may not be tried. With the included model on two cores with AMX, cells of
    classification took 5 to 11 times as long as counted; few-shot prompts have another ratio than shorter ones. An untuned model that
    writes a sample has a trial of its own.

    Attributes:
        memory: of the device, in bytes; None if it is unknown.
        may_run: whether steps may be tried now. Otherwise, only trials in the cache count.
        may_sample: whether outputs of an untuned model may be written now to see how long they are. Otherwise, as `may_run`.
    """

    outline: ModelOutline
    device: str
    kind: DeviceKind
    memory: int | None
    formats: Formats
    may_run: bool = True
    may_sample: bool = True

    @property
    def fit_in_memory(self) -> bool:
        """Whether they leave enough of the device's memory free."""
        tried = count_tried(self.outline)
        width = _TRAINED_WIDTH if self.outline.strategy.method == "full" else _FROZEN_WIDTH
        return tried <= _LARGEST_TRIED and (self.memory is None or width * tried <= _TRIAL_SHARE * self.memory)

    def training(self, work: TrainingWork, counted: ForecastRange, *, is_small: bool) -> ForecastRange | None:
        """The seconds of training; None where there is no trial."""
        strategy, recipe = self.outline.strategy, self.outline.strategy.train
        kind = ["training", strategy.method, recipe is not None and recipe.objective, work.compiles, _rounded(_longest_of(work))]
        once, is_small = self._seconds_once(work), is_small and not work.compiles
        return self._tried_or_scaled(partial(CellTrials._try_training, work=work), kind, counted, once, is_small=is_small)

    def answers(self, work: AnsweringWork, counted: ForecastRange, *, is_small: bool) -> ForecastRange | None:
        """The seconds of answers; None where there is no trial."""
        kind = ["labels" if work.asked is None else "texts", _rounded(max(map(len, work.typical)))]
        return self._tried_or_scaled(partial(CellTrials._try_answers, work=work), kind, counted, self._first_answers, is_small=is_small)

    def with_sample(self, work: AnsweringWork) -> AnsweringWork:
        """The work, with a sample of the outputs of an untuned model that writes texts. Those of a small cell have one, too: what another
        cell writes says nothing about them."""
        if work.asked is None or not can_sample(self.outline):
            return work
        return replace(work, sample=self._try_sample(work))

    def list_costs(self, training: tuple[TrainingWork, float] | None, answers: tuple[AnsweringWork, float]) -> dict[str, float]:
        """About how long each trial takes, in seconds as counted, by what identifies it: several cells share one. With a sample of outputs
        where there is one and it is allowed.

        Args:
            training, answers: the work and its counted seconds.
        """
        share = min(1.0, 2 * count_tried(self.outline) / self.outline.sizes.base)  # of a large model, two with few of its layers are tried
        reading, seconds = answers
        costs = {json.dumps(self._answers_key(reading)): share * _TRIED_BATCHES * seconds / max(1.0, reading.batches)}
        if self.may_sample and reading.asked is not None and can_sample(self.outline):
            # A batch takes its steps however few its rows are.
            sampled = max(1 / max(1.0, reading.batches), len(reading.examples) / reading.asked.count)
            costs[json.dumps(self._sample_key(reading))] = _LOADING + sampled * seconds
        if training is not None and training[0].typical:
            work, seconds = training
            costs[json.dumps(self._training_key(work))] = share * _TRIED_MICRO_BATCHES * seconds / max(1.0, work.micro_batches)
        return costs

    def _tried_or_scaled(
        self,
        run: Callable[[CellTrials], ForecastRange | None],
        kind: Sequence[object],
        counted: ForecastRange,
        once: float,
        *,
        is_small: bool,
    ) -> ForecastRange | None:
        """The seconds of the cell's own trial; of a small one without, counted seconds multiplied by the ratio of the first of its kind.

        Args:
            once: what is in the seconds of a trial and does not grow with the work.
        """
        own = run(replace(self, may_run=self.may_run and not is_small))
        if own is not None or (not is_small and (self.may_run or counted.value > _NEARLY_SMALL)):
            return own
        return self._scaled_by_first(kind, counted, once, partial(run, self) if is_small else lambda: None)

    def _scaled_by_first(
        self, kind: Sequence[object], counted: ForecastRange, once: float, run: Callable[[], ForecastRange | None]
    ) -> ForecastRange | None:
        """The counted seconds, multiplied by the ratio of tried to counted seconds of the first small cell of this kind.

        Args:
            run: the trial of this cell, if it is the first.
        """

        def try_first() -> tuple[float, float]:
            tried = run()
            if tried is None:
                raise LookupError("no trial")
            return counted.value, max(0.0, tried.value - once)

        packs = self.outline.strategy.quantization is not None
        try:
            counted_first, tried_first = cached_trial(["small cells", *kind, packs, *self._model], try_first)[:2]
        except LookupError:
            return None
        ratio = min(_HIGHEST_RATIO, tried_first / counted_first) if counted_first > 0 else 1.0
        low, high = (None if end is None else once + ratio * end for end in (counted.low, counted.high))
        return ForecastRange(once + ratio * counted.value, low, high)

    def _try_training(self, work: TrainingWork) -> ForecastRange | None:
        if not work.typical:
            return None
        try:
            seconds = self._cached(
                self._training_key(work),
                lambda: try_training(self.outline, self.formats, self.kind, work.typical, compiles=work.compiles),
                only_first=(TrainingTrial._fields.index("fresh"),),
            )
            trial = TrainingTrial(*seconds)
        except Exception:  # the families of models are many
            return None
        more = self._seconds_once(work)
        return training_range(more + tried_training_seconds(trial, work), more + tried_training_seconds(trial, work.until_earliest_stop()))

    def _seconds_once(self, work: TrainingWork) -> float:
        """What a training takes besides its steps."""
        starting = 0.0 if self.kind != "cpu" else _STARTING_ON_AMX if has_amx() else _STARTING
        return starting + (_COMPILING if work.compiles else 0.0)

    @property
    def _first_answers(self) -> float:
        """What answers take besides their batches."""
        return _FIRST_ANSWERS if self.kind == "cpu" and self.outline.strategy.train is None else 0.0

    def _try_sample(self, work: AnsweringWork) -> OutputSample | None:
        """Some outputs of the model as it is; None where they cannot be written now, or would take too long."""

        def run() -> OutputSample:
            trial = self._answering_trial(work)
            whole = answer_range(work, partial(tried_answering_seconds, trial, work)).value
            for chosen in list_choices(self.outline, self.kind, work):
                written = WrittenTokens(work.limit, work.limit * len(chosen))
                longest = tried_answering_seconds(trial, replace(work, tokens=sum(len(prompt) for prompt, _ in chosen)), written)
                if longest <= max(_LONGEST_SAMPLE, _SAMPLE_SHARE * whole):
                    return sample_outputs(self.outline, self.formats, self.kind, work, chosen, self._ends_of(work))
            raise LookupError("takes too long")

        try:
            sample = OutputSample(*cached_trial(self._sample_key(work), run if self.may_sample else _refuse, is_timed=False))
        except Exception:  # the families of models are many
            return None
        return sample if sample.outputs >= max(1.0, sample.endless) else None  # otherwise, a line of the cache is damaged

    def _ends_of(self, work: AnsweringWork) -> Callable[[Sequence[int]], bool] | None:
        """What looks at each output after each token."""
        tokenizer = self.outline.loaded.tokenizer
        return ends_with(work.stops, lambda ids: str(tokenizer.decode(ids, skip_special_tokens=True)))

    def _try_answers(self, work: AnsweringWork) -> ForecastRange | None:
        try:
            trial = self._answering_trial(work)
        except Exception:
            return None
        return answer_range(work, lambda written: self._first_answers + tried_answering_seconds(trial, work, written))

    def _answering_trial(self, work: AnsweringWork) -> AnsweringTrial:
        """
        Raises:
            Exception: there is none, or it fails.
        """
        ended = self._ends_of(work)
        labels = work.labels if work.asked is None else None
        rows, room = work.batch.rows, work.limit - work.limit // 2
        arranges = self._arranges(work)

        def run() -> AnsweringTrial:
            prompts, before = work.typical, work.usually_before
            return try_answering(self.outline, self.formats, self.kind, prompts, rows, labels, ended, before, room, arranges)

        seconds = self._cached(self._answers_key(work), run, only_first=(AnsweringTrial._fields.index("start"),))
        return AnsweringTrial(*seconds)

    def _cached(self, key: list[object], run: Callable[[], TrialValues], only_first: Collection[int]) -> TrialValues:
        """
        Raises:
            LookupError: the trial is not in the cache, and must not be made.
        """
        return cached_trial(key, run if self.may_run else _refuse, only_first=only_first)

    def _training_key(self, work: TrainingWork) -> list[object]:
        shape = [len(work.typical), _longest_of(work)]
        strategy = self.outline.strategy.model_dump(mode="json")
        return ["training", *self._model, strategy, *map(_rounded, shape), work.compiles]

    def _answers_key(self, work: AnsweringWork) -> list[object]:
        labels = work.labels if work.asked is None else None
        shape = [work.batch.rows, max(map(len, work.typical)), work.nodes, work.limit, len(labels or ()), work.usually_before]
        # Without a recipe: a fully fine-tuned model answers as fast as the untuned one.
        strategy = self.outline.strategy.model_dump(mode="json", exclude={"method", "train"})
        return ["answers", labels is None, *self._model, strategy, *map(_rounded, shape), self._arranges(work)]

    def _arranges(self, work: AnsweringWork) -> bool:
        """Whether the model arranges its weights."""
        return work.asked is not None and arranged_bytes(self.outline, self.formats, work.limit) > 0

    def _sample_key(self, work: AnsweringWork) -> list[object]:
        examples = hashlib.sha256(json.dumps(work.examples).encode()).hexdigest()
        return ["outputs", *self._model, examples, work.limit, work.stops, sorted(work.stop_ids)]

    @property
    def _model(self) -> list[object]:
        """What decides how long a step of a shape takes, but for the strategy."""
        return [self.device, self.outline.digest, self.formats.weights, self.formats.autocast]


def _refuse() -> TrialValues:
    raise LookupError("not tried")


def _longest_of(work: TrainingWork) -> int:
    """Tokens of the longest example of a micro-batch; 0 where there is none."""
    return max((each.padded_length for each in work.typical), default=0)


def _rounded(size: int) -> int:
    """A power of two that is near: batches of about one shape share a trial."""
    return 1 << round(math.log2(size)) if size > 0 else 0
