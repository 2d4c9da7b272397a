"""The steps of a cell that decide its memory and its time, on a model without weights: training, reading prompts, writing tokens, labels.

They call the model as `engine/tuning` and `engine/inference` do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.engine.inference import filled_layers, last_positions, log_totals, plain_cache
from harness.engine.tuning import KeyedRandom, fused_layers, fused_lora
from harness.forecast.meta_tracker import MetaTracker, StepCounts
from harness.forecast.model_outline import Formats, ModelOutline


@dataclass(frozen=True)
class BatchShape:
    """The examples that go through a model at once.

    Attributes:
        rows: examples.
        tokens: of the longest; of an encoder-decoder, those of its prompt.
        targets: the tokens of all rows on which the loss is computed.
        is_padded: whether the rows differ in length.
    """

    rows: int
    tokens: int
    targets: int
    is_padded: bool = True


@dataclass(frozen=True)
class AnswerCounts:
    """What answering a batch takes: reading the prompts, and then each further token, or all labels at once.

    Attributes:
        reading: of the prompts.
        writing: of one token of every row, behind prompts and outputs.
        peak: bytes that are allocated at most, the cache of keys and values included.
    """

    reading: StepCounts
    writing: StepCounts
    peak: float


def watch_training(
    outline: ModelOutline, formats: Formats, batch: BatchShape, *, checkpointing: bool, compiles: bool = False
) -> StepCounts:
    """Forward and backward pass of a micro-batch, with gradients of earlier ones in place.

    Args:
        compiles: see `fused_layers`.
    """
    run = _training_step(outline.shape, batch)
    running: list[MetaTracker] = []
    random = KeyedRandom(seed=0)

    def step(model: Any, tracker: MetaTracker) -> None:
        running[:] = [tracker]
        random.begin(1, range(batch.rows))
        kind = "cpu" if formats.on_cpu else "cuda"
        layers = fused_layers(model, kind, compiles=compiles)
        with random.replacing_dropout(), fused_lora(model, random, formats.autocast_dtype), layers:
            loss = run(model)
            tracker.part = "head"
            loss.backward()

    def contexts() -> tuple[Any, Any]:
        """Those of a layer's forward pass, and of its repetition, for which torch leaves no mode in place."""
        return contextlib.nullcontext(), running[0].computing()

    base = _base(outline.model)
    if not checkpointing:
        return outline.watch(step, formats, training=True, is_full=not batch.is_padded)
    base.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False, "context_fn": contexts})
    base.enable_input_require_grads()
    try:
        return outline.watch(step, formats, training=True, is_full=not batch.is_padded)
    finally:
        base.gradient_checkpointing_disable()
        base.disable_input_require_grads()


def watch_answers(
    outline: ModelOutline,
    formats: Formats,
    batch: BatchShape,
    *,
    groups: Sequence[BatchShape] = (),
    nodes: int = 0,
    written: int = 0,
    shared: int = 0,
) -> AnswerCounts:
    """Answering a batch of prompts.

    Args:
        groups: what of the batch is read at once: the first, and the largest of the others; none if all is.
        nodes: the tokens of all labels, for a task that chooses; 0 for one that writes.
        written: tokens of the outputs, whose keys and values are in the cache when the last one is written.
        shared: tokens that all prompts begin with, which a decoder reads once.
    """
    if outline.shape == "encoder":
        passed = outline.watch(lambda model, _: _classify(model, batch), formats, training=False, is_full=not batch.is_padded)
        return AnswerCounts(passed, StepCounts(), passed.peak)
    if outline.shape == "encoder-decoder":
        return _watch_both_parts(outline, formats, batch)
    config = outline.config

    last = replace(batch, tokens=batch.tokens + written)

    def answer(model: Any, tracker: MetaTracker) -> None:
        prefix = _read_prefix(model, config, shared)
        cache = _read_prompts(model, config, batch, prefix)
        tracker.begin_stage("make room")
        room = _make_room(cache, config, batch, written)
        tracker.begin_stage("until the last token")
        if room:
            cache = _with_tokens(room, config, last)
        elif written:
            cache = _read_prompts(model, config, last, prefix)
        del room
        tracker.begin_stage("write")
        _write(model, cache, last, nodes)
        del prefix

    def read_groups(model: Any, tracker: MetaTracker) -> None:
        prefix = _read_prefix(model, config, shared)
        cache = _read_prompts(model, config, groups[0], prefix)
        tracker.begin_stage("make room")
        room = _make_room(cache, config, batch, written or nodes)
        tracker.begin_stage("other groups")
        for group in groups[1:]:
            _read_prompts(model, config, group, prefix)
        del cache, room

    stages = outline.watch_stages(answer, formats, training=False, is_full=not batch.is_padded)
    reading, writing = stages[""].followed_by(stages["make room"]), stages["write"]
    peaks = [reading.peak]
    if len(groups) > 1:
        in_groups = outline.watch_stages(read_groups, formats, training=False, is_full=not batch.is_padded)
        peaks = [stage.peak for stage in in_groups.values()]
    return AnswerCounts(reading, writing, max(*peaks, writing.peak))


def _watch_both_parts(outline: ModelOutline, formats: Formats, batch: BatchShape) -> AnswerCounts:
    """Those of an encoder-decoder: the encoder reads the prompts and the decoder begins, and then each further token."""

    def answer(model: Any, tracker: MetaTracker) -> None:
        encoded = _encode(model, batch)
        _decode(model, *encoded, batch)
        tracker.begin_stage("write")
        _decode(model, *encoded, batch)

    reading, writing = outline.watch_stages(answer, formats, training=False, is_full=not batch.is_padded).values()
    return AnswerCounts(reading, writing, max(reading.peak, writing.peak))


def _training_step(shape: str, batch: BatchShape) -> Callable[[Any], Any]:
    import torch
    import torch.nn.functional as F

    ids, mask = _prompt_tensors(batch)
    if shape == "encoder":
        labels = torch.zeros(batch.rows, dtype=torch.long)
        return lambda model: F.cross_entropy(model(input_ids=ids, attention_mask=mask).logits.float(), labels)
    each = max(1, -(-batch.targets // batch.rows))  # targets of a row
    chosen = torch.zeros(batch.targets, dtype=torch.long)

    def run_decoder(model: Any) -> Any:
        base = _base(model)
        select = lambda module, args: (args[0].flatten(0, 1)[chosen],)  # noqa: E731
        handle = base.get_output_embeddings().register_forward_pre_hook(select)
        try:
            logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits  # (N, V)
        finally:
            handle.remove()
        return F.cross_entropy(logits.float(), chosen, reduction="sum")

    def run_both(model: Any) -> Any:
        inputs = torch.zeros((batch.rows, each), dtype=torch.long)
        logits = model(input_ids=ids, attention_mask=mask, decoder_input_ids=inputs, use_cache=False).logits  # (B, T, V)
        return F.cross_entropy(logits.flatten(0, 1).float(), torch.zeros(batch.rows * each, dtype=torch.long), reduction="sum")

    return run_decoder if shape == "decoder" else run_both


def _prompt_tensors(batch: BatchShape) -> tuple[Any, Any]:
    """Token ids (B, T), and their mask. transformers leaves out a mask without padding, which it cannot read on the meta device."""
    import torch

    ids = torch.zeros((batch.rows, batch.tokens), dtype=torch.long, device="meta")
    return ids, torch.ones_like(ids) if batch.is_padded else None


def _classify(model: Any, batch: BatchShape) -> None:
    import torch

    ids, mask = _prompt_tensors(batch)
    with torch.no_grad():
        model(input_ids=ids, attention_mask=mask)


def _encode(model: Any, batch: BatchShape) -> tuple[Any, Any]:
    """The states of the prompts (B, S, H), and an empty cache for what is decoded."""
    import torch
    from transformers import DynamicCache, EncoderDecoderCache

    ids, mask = _prompt_tensors(batch)
    with torch.no_grad():
        states = _base(model).get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state
    return states, EncoderDecoderCache(DynamicCache(), DynamicCache())


def _decode(model: Any, states: Any, cache: Any, batch: BatchShape) -> None:
    """One more token of every row."""
    import torch
    from transformers.modeling_outputs import BaseModelOutput

    ids = torch.zeros((batch.rows, 1), dtype=torch.long)
    encoded = BaseModelOutput(last_hidden_state=states)
    with torch.no_grad():
        _base(model)(encoder_outputs=encoded, attention_mask=_prompt_tensors(batch)[1], decoder_input_ids=ids, cache=cache, use_cache=True)


def _base(model: Any) -> Any:
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _read_prefix(model: Any, config: Any, shared: int) -> Any:
    """A cache with the keys and values of the tokens that all prompts begin with; None if there are none."""
    from transformers import DynamicCache

    if not shared:
        return None
    cache = DynamicCache(config=config)
    _read(model, cache, BatchShape(1, shared, 0, is_padded=False), 0)
    return cache


def _read_prompts(model: Any, config: Any, batch: BatchShape, prefix: Any) -> Any:
    """Fill a cache with the prompts' keys and values.

    Args:
        prefix: see `_read_prefix`.
    """
    from transformers import DynamicCache

    cache, shared = DynamicCache(config=config), 0
    if prefix is not None:
        shared = prefix.get_seq_length()
        for index, (keys, values) in filled_layers(prefix).items():
            cache.update(keys.expand(batch.rows, -1, -1, -1), values.expand(batch.rows, -1, -1, -1), index)
    _read(model, cache, batch, shared)
    return cache


def _with_tokens(layers: Sequence[tuple[int, Any, Any]], config: Any, batch: BatchShape) -> Any:
    """A cache whose layers have keys and values like these, of the tokens of a batch."""
    from transformers import DynamicCache

    cache = DynamicCache(config=config)
    for index, *layer in layers:
        keys, values = (each.new_empty(batch.rows, each.shape[1], batch.tokens, each.shape[3]) for each in layer)
        cache.update(keys, values, index)
    return cache


def _make_room(cache: Any, config: Any, batch: BatchShape, room: int) -> list[tuple[int, Any, Any]]:
    """Move keys and values, layer by layer, to where so many more tokens of each row of the batch have room, as `engine/inference/prefill`
    does for models whose layers keep nothing else. Returns those with room by index; none for other models, and where no room is needed."""
    moved: list[tuple[int, Any, Any]] = []
    for index, layer in enumerate(cache.layers if room and plain_cache(config) else ()):
        if layer.is_initialized:
            sizes = [(batch.rows, each.shape[1], batch.tokens + room, each.shape[3]) for each in (layer.keys, layer.values)]
            moved.append((index, layer.keys.new_zeros(sizes[0]), layer.values.new_zeros(sizes[1])))
            layer.keys = layer.values = None
    return moved


def _read(model: Any, cache: Any, batch: BatchShape, known: int) -> None:
    """The tokens of each row that follow those which are in the cache."""
    import torch

    ids, mask = _prompt_tensors(batch)
    positions = torch.arange(known, batch.tokens, device="meta").expand(batch.rows, -1)
    last = last_positions(1)
    with torch.no_grad():
        _called(model)(
            input_ids=ids[:, known:], attention_mask=mask, position_ids=positions, cache=cache, use_cache=True, logits_to_keep=last
        )


def _write(model: Any, cache: Any, batch: BatchShape, nodes: int) -> None:
    """One more token of every row; or the tokens of all labels, with their likelihoods."""
    import torch

    count = nodes or 1
    ids = torch.zeros((batch.rows, count), dtype=torch.long)
    positions = torch.full((batch.rows, count), batch.tokens)
    if nodes:
        dtype = next(model.parameters()).dtype
        mask = torch.zeros((batch.rows, 1, nodes, batch.tokens + nodes), dtype=dtype)
    else:
        mask = _prompt_tensors(replace(batch, tokens=batch.tokens + 1))[1]
    with torch.no_grad():
        logits = _called(model)(input_ids=ids, attention_mask=mask, position_ids=positions, cache=cache, use_cache=True).logits
        if nodes:
            log_totals(logits)


def _called(model: Any) -> Any:
    """The model that inference calls: the base model behind virtual tokens, whose cache comes first."""
    config = getattr(model, "active_peft_config", None)
    return model.get_base_model() if config is not None and config.is_prompt_learning else model
