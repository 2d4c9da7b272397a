"""The one scoring path: how a strategy uses a model on a task, from an example to a prediction.

`bench run`, `bench predict`, `bench export`, the release gate and the checks before a run all prompt and score through `Predictor`, and
training encodes its examples through it. A model therefore always sees the prompts that it was measured with.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property, partial

from harness.engine.inference.answering_layers import answering
from harness.engine.inference.batching import BATCH_ROWS, PredictBatch, PromptedExample, predict_in_batches, split_into_batches
from harness.engine.inference.choose import LabelScorer, score_continuations
from harness.engine.inference.classify import classify
from harness.engine.inference.extract import ends_with, extract
from harness.engine.inference.generate import generate
from harness.engine.inference.seq2seq import Seq2SeqScorer, generate_seq2seq
from harness.engine.models import LoadedModel, arranges_weights
from harness.engine.prompts import (
    EncodedPrompt,
    KeepTokens,
    PromptEncoder,
    Shot,
    prompt_budget,
    prompt_renderer,
    training_target,
    virtual_tokens,
)
from harness.types import Example, Prediction, Shape, Strategy, Task

_Scorer = Callable[[Sequence[Sequence[int]]], list[list[float]]]


def _ignore(_: object) -> None:
    pass


@dataclass(frozen=True)
class Predictor:
    """A strategy's use of a model on a task.

    `loaded` is the model with whatever the strategy trained, or a skeleton without weights if only prompts are needed. `labels` are the
    choices of a task that chooses, in order. `shots` are the examples that a few-shot prompt shows. `keep` keeps token ids for other
    processes.
    """

    task: Task
    strategy: Strategy
    loaded: LoadedModel
    labels: tuple[str, ...] = ()
    shots: tuple[Shot, ...] = ()
    keep: KeepTokens | None = None

    @property
    def shape(self) -> Shape:
        """The shape of the model."""
        return self.loaded.shape

    @cached_property
    def encoder(self) -> PromptEncoder:
        """The encoder of prompts and completions.

        Raises:
            BenchError: the task needs a chat template that the model lacks, or the tokenizer has no end token.
        """
        return PromptEncoder(self.loaded.tokenizer, self.task.prompt_format, self.shape, self.keep)

    @property
    def context(self) -> int:
        """The tokens that the strategy leaves of the model's context: its virtual tokens take up the rest."""
        return self.loaded.context - virtual_tokens(self.strategy)

    @property
    def max_length(self) -> int:
        """The most tokens of prompt and completion together; for an encoder-decoder, of each."""
        return min(self.context, self.task.max_length)

    @cached_property
    def budget(self) -> int:
        """The most tokens of a prompt.

        Raises:
            BenchError: the output alone fills the context.
        """
        return prompt_budget(self.task, self.encoder, self.context, self.labels, self.shape)

    @property
    def stops(self) -> tuple[str, ...]:
        """Texts that end an output, besides the end token."""
        return (*self.task.decode.stop, *self.encoder.stops(with_shots=self.strategy.shots > 0))

    def prompts(self, examples: Sequence[Example], budget: int | None = None) -> list[EncodedPrompt]:
        """Encode the prompt of each example; training and prediction use the same.

        Args:
            budget: the most tokens of a prompt, if that is less than for prediction.

        Raises:
            BenchError: the instruction alone exceeds the budget.
        """
        render = prompt_renderer(self.task, self.strategy, self.shape)
        return self.encoder.prompts(examples, render, self.budget if budget is None else min(budget, self.budget), self.shots)

    def target(self, example: Example) -> str:
        """The text that the model is trained to produce for an example."""
        return training_target(self.task, example)

    def predict(
        self,
        examples: Sequence[Example],
        prompts: Sequence[EncodedPrompt] | None = None,
        *,
        done: Mapping[str, Prediction] | None = None,
        on_batch: Callable[[Sequence[Prediction]], None] = _ignore,
        on_tokens: Callable[[int], None] = _ignore,
        only: Collection[int] | None = None,
    ) -> list[Prediction]:
        """Predict each example, in order; of some batches, only those in them and in `done`.

        Args:
            prompts: the encoded prompts, if the caller has them.
            done: predictions of an interrupted run, by example id.
            on_batch: receives each new batch of predictions.
            on_tokens: receives the number of tokens that each new batch processed.
            only: the places of the batches to predict in `list_batches`; None: all.
        """
        if not examples:
            return []
        predict_batch, max_rows = self.batch_function()
        prompts = self.prompts(examples) if prompts is None else prompts
        with self.writing():
            return predict_in_batches(
                predict_batch,
                examples,
                prompts,
                max_rows=max_rows,
                output_tokens=self._output_tokens,
                done=done or {},
                on_batch=on_batch,
                on_tokens=on_tokens,
                only=only,
            )

    def list_batches(self, prompts: Sequence[EncodedPrompt]) -> list[list[int]]:
        """The batches that `predict` makes, as places of their prompts."""
        _, max_rows = self.batch_function()
        return list(split_into_batches(prompts, max_rows, self._output_tokens))

    def writing(self, tokens: int | None = None) -> AbstractContextManager[None]:
        """Inside this context, outputs of many tokens take less time on some processors. The model must not change meanwhile.

        Args:
            tokens: the most of one output; None: as many as those of the task.
        """
        model = self.loaded.model
        arranges = arranges_weights(model, self._output_tokens if tokens is None else tokens)
        return answering(model, arranges=True) if arranges else nullcontext()

    @property
    def _output_tokens(self) -> int:
        return 0 if self.task.chooses else self.task.decode.max_new_tokens

    def score_continuations(self, prompt: Sequence[int], continuations: Sequence[Sequence[int]]) -> list[float]:
        """ln p(continuation | prompt) of each continuation, given as token ids, from a decoder."""
        return score_continuations(self.loaded.model, prompt, continuations, self.encoder.pad_id)

    def continue_greedily(self, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> list[list[int]]:
        """The tokens that a decoder writes behind each prompt, until it ends the output or has written so many."""
        written: list[list[int]] = []
        with self.writing(max_new_tokens):
            for start in range(0, len(prompts), BATCH_ROWS):
                outputs = generate(
                    self.loaded.model,
                    prompts[start : start + BATCH_ROWS],
                    max_new_tokens=max_new_tokens,
                    stop_ids=self.encoder.stop_ids,
                    pad_id=self.encoder.pad_id,
                )
                written += [output.ids for output in outputs]
        return written

    def batch_function(self) -> tuple[PredictBatch, int]:
        """The function that predicts a batch, and the most rows that it takes.

        For labels it compares two ways of scoring when a prompt is longer than all before: its first call takes longer than later ones.
        """
        model, pad_id = self.loaded.model, self.encoder.pad_id
        if self.shape == "encoder":
            return partial(self._choose, lambda ids: classify(model, ids, pad_id), [0] * len(self.labels)), BATCH_ROWS
        if not self.task.chooses:
            return self._generate, BATCH_ROWS
        completions = self.encoder.completions(self.labels)
        lengths = [len(completion) for completion in completions]
        if self.shape == "encoder-decoder":
            return partial(self._choose, Seq2SeqScorer(model, completions, pad_id), lengths), BATCH_ROWS
        scorer = LabelScorer(model, completions, pad_id)
        return partial(self._choose, scorer, lengths), scorer.rows_at_once()

    def _generate(self, pairs: Sequence[PromptedExample]) -> list[Prediction]:
        outputs = (generate_seq2seq if self.shape == "encoder-decoder" else generate)(
            self.loaded.model,
            [prompt.ids for _, prompt in pairs],
            max_new_tokens=self.task.decode.max_new_tokens,
            stop_ids=self.encoder.stop_ids,
            pad_id=self.encoder.pad_id,
            ended=ends_with(self.stops, self.encoder.text),
        )
        predictions = []
        for (example, prompt), output in zip(pairs, outputs, strict=True):
            text = self.encoder.text(output.ids)
            predictions.append(
                Prediction(
                    example.id,
                    text.strip(),
                    extract(text, self.task, self.stops),
                    tokens_in=len(prompt.ids),
                    tokens_out=len(output.ids),
                    finish=output.finish,
                    mean_logprob=output.mean_logprob,
                )
            )
        return predictions

    def _choose(self, score: _Scorer, lengths: Sequence[int], pairs: Sequence[PromptedExample]) -> list[Prediction]:
        """Predict the most likely label of each example. `lengths` are the output tokens of each label."""
        predictions = []
        for (example, prompt), logprobs in zip(pairs, score([prompt.ids for _, prompt in pairs]), strict=True):
            best = max(range(len(logprobs)), key=logprobs.__getitem__)
            predictions.append(
                Prediction(
                    example.id,
                    self.labels[best],
                    self.labels[best],
                    label_logprobs=tuple(logprobs),
                    tokens_in=len(prompt.ids),
                    tokens_out=lengths[best],
                    finish="choice",
                )
            )
        return predictions
