"""Support by likelihood: by how much the input lowers a language model's surprise at the output.

    surprise(output)           −ln p(output | CONNECTION)           in nats
    surprise given the input   −ln p(output | input CONNECTION)
    support                    1 − surprise given the input / surprise, from 0 to 1

log p(output | input) is BARTScore's measure of faithfulness (Yuan, Neubig & Liu 2021). Alone it also rewards texts that are likely anyway:
short, frequent phrases. Minus log p(output), it is pointwise mutual information, which van der Poel, Cotterell & Meister (2022) use against
unsupported content. Divided by the surprise it is the share of the output's information that the input explains (Theil's uncertainty
coefficient), which has no unit and does not grow with length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.engine.inference import require_finite
from harness.engine.models import LoadedModel, decoder_start, logits_only_at, right_padded
from harness.engine.support.output_batches import SourcedOutput, score_in_batches
from harness.engine.tuning import EncodedExample, collate

CONNECTION = "\n\nSummary:"
_LONGEST = 8192  # tokens that are read at once, however long the model's context is
_LONGEST_OUTPUT = 1024  # tokens of an output that are read
_CHARACTERS = 16  # of a token, at most: longer texts are cut before they are tokenized
_LOGITS_BUDGET = 1 << 26  # elements (tokens of outputs × vocabulary): 2**26 float32 numbers are 256 MiB
_BATCH_TOKENS = 8192  # including padding


@dataclass(frozen=True)
class _Encoded:
    """The token ids in front of the output, with the input and without it, and those of the output."""

    with_source: tuple[int, ...]
    without_source: tuple[int, ...]
    output: tuple[int, ...]


class LikelihoodScorer:
    """Scores outputs by a decoder or an encoder–decoder.

    Attributes:
        cut: how many inputs or outputs of the last call were too long to be read to their end.
    """

    def __init__(self, loaded: LoadedModel) -> None:
        self.cut = 0
        self._model, self._tokenizer, self._shape = loaded.model, loaded.tokenizer, loaded.shape
        self._device = next(loaded.model.parameters()).device
        self._context = min(loaded.context, _LONGEST)
        self._pad = loaded.tokenizer.pad_token_id or 0  # masked, so any token will do
        self._vocabulary: int = loaded.model.config.get_text_config(decoder=True).vocab_size

    def score(
        self, outputs: Sequence[SourcedOutput], *, done: Mapping[str, float], on_batch: Callable[[Mapping[str, float]], None]
    ) -> dict[str, float]:
        """The support of each output, by its id.

        Raises:
            BenchError: the model computed numbers that are not finite.
        """
        self.cut = 0
        encoded = [(one.id, self._encode(one)) for one in outputs]
        items = [(name, ids) for name, ids in encoded if ids.output]
        per_logit = _BATCH_TOKENS * self._vocabulary / _LOGITS_BUDGET  # in tokens of a batch, so that one limit holds both
        costs = [max(len(ids.with_source) + len(ids.output), len(ids.output) * per_logit) for _, ids in items]
        scores = score_in_batches(items, costs, self._score, most=_BATCH_TOKENS, done=done, on_batch=on_batch)
        return {name: scores.get(name, 0.0) for name, _ in encoded}  # 0 for characters that the tokenizer drops

    def _encode(self, one: SourcedOutput) -> _Encoded:
        most = min(_LONGEST_OUTPUT, self._context // 2)
        start = self._start()
        if self._shape == "encoder-decoder":
            output = self._ids(one.output, most)
            source, without = self._framed(one.source), self._framed("")
        else:
            output, connection = self._ids(f" {one.output}", most), self._ids(CONNECTION, most)
            room = self._context - len(start) - len(connection) - len(output)
            source, without = [*start, *self._ids(one.source, room), *connection], [*start, *connection]
        return _Encoded(tuple(source), tuple(without), tuple(output))

    def _start(self) -> list[int]:
        """The token that begins a text; its end token where the tokenizer has none for the beginning."""
        tokenizer = self._tokenizer
        start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        return [] if start is None else [start]

    def _ids(self, text: str, most: int) -> list[int]:
        """The first token ids of a text. What looks like a special token stays text, so that no output can begin a new turn."""
        shown = text[: _CHARACTERS * most]
        ids: list[int] = self._tokenizer(shown, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        self.cut += len(ids) > most or len(shown) < len(text)
        return ids[:most]

    def _framed(self, text: str) -> list[int]:
        """The ids of a text as the tokenizer presents it to an encoder, with the tokens around it."""
        shown = text[: _CHARACTERS * self._context]
        ids: list[int] = self._tokenizer(shown, split_special_tokens=True)["input_ids"]
        self.cut += len(ids) > self._context or len(shown) < len(text)
        return ids if len(ids) <= self._context else [*ids[: self._context - 1], ids[-1]]  # the last one ends the text

    def _score(self, batch: Sequence[_Encoded]) -> list[float]:
        given = self._surprise([(ids.with_source, ids.output) for ids in batch])
        alone = self._surprise([(ids.without_source, ids.output) for ids in batch])
        return [min(1.0, max(0.0, 1 - one / other)) if other > 0 else 0.0 for one, other in zip(given, alone, strict=True)]

    def _surprise(self, pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]]) -> list[float]:
        """−ln p of each output behind what precedes it, in nats."""
        import torch

        with torch.no_grad():
            losses = self._encoder_decoder_losses(pairs) if self._shape == "encoder-decoder" else self._decoder_losses(pairs)
        require_finite(losses)
        parts = losses.split([len(output) for _, output in pairs])
        return [float(part.double().sum()) for part in parts]

    def _decoder_losses(self, pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]]) -> Any:
        """−ln p of every output token, output by output: (N,)."""
        import torch.nn.functional as F

        batch = collate([EncodedExample(before, output) for before, output in pairs], self._pad, self._device)
        with logits_only_at(self._model, batch.predicts):
            logits = self._model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, use_cache=False).logits  # (N, V)
        return F.cross_entropy(logits.float(), batch.targets, reduction="none")

    def _encoder_decoder_losses(self, pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]]) -> Any:
        """The same, with the input in the encoder and the output in the decoder."""
        import torch.nn.functional as F

        first = decoder_start(self._model)
        ids, mask = right_padded([before for before, _ in pairs], self._pad, self._device)  # (B, S)
        inputs, _ = right_padded([(first, *output[:-1]) for _, output in pairs], self._pad, self._device)  # (B, T)
        targets, is_target = right_padded([output for _, output in pairs], self._pad, self._device)  # (B, T)
        logits = self._model(input_ids=ids, attention_mask=mask, decoder_input_ids=inputs, use_cache=False).logits  # (B, T, V)
        chosen = is_target.bool()
        return F.cross_entropy(logits[chosen].float(), targets[chosen], reduction="none")
