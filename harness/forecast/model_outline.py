"""A model without its weights, with a strategy on it, whose steps can be watched.

The layers of most models have the same shapes, and what a step takes is linear in their number. Two steps of a model that is cut to a few
layers therefore tell what a step of the whole model takes. A model whose layers are not one list is watched as a whole.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.engine.adapters import adapt
from harness.engine.inference import answering
from harness.engine.models import ModelSource, load_description, number_formats_of, weight_files
from harness.forecast.meta_tracker import MetaTracker, StepCounts
from harness.forecast.model_sizes import ModelSizes, list_weights, name_parameters
from harness.types import Shape, Strategy

_FORMATS = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}  # of safetensors
_FEWEST_LAYERS = 3  # so many are worth cutting


@dataclass(frozen=True)
class Formats:
    """The formats that a device computes in: "float32", "bfloat16" or "float16" for weights, and for products in training.

    Attributes:
        on_cpu: whether the device is a CPU, else a GPU.
        on_amx: whether it is a CPU that multiplies these weights with AMX.
    """

    weights: str
    autocast: str | None
    on_cpu: bool = False
    on_amx: bool = False

    @property
    def autocast_dtype(self) -> Any:
        """torch's dtype of products in training; None without autocast."""
        import torch

        return getattr(torch, self.autocast) if self.autocast else None


@dataclass(frozen=True)
class StoredFiles:
    """The files of a model's weights.

    Attributes:
        formats: of the numbers, such as "bfloat16".
        size: bytes of all files.
    """

    formats: frozenset[str]
    size: int


class ModelOutline:
    """A model on the meta device, with what a strategy adds to it. `loaded` has its tokenizer and its context.

    Args:
        source: its folder has a config.json; weights are not read.
        labels: of an encoder.
    """

    def __init__(self, source: ModelSource, strategy: Strategy, *, labels: tuple[str, ...] = (), trust_remote_code: bool = False) -> None:
        self.strategy, self.source = strategy, source
        self.loaded = load_description(source, labels=labels, trust_remote_code=trust_remote_code)
        base, self.shape = self.loaded.model, self.loaded.shape
        self._base_names = names = name_parameters(base)
        self.model = _adapt_on_meta(base, strategy, self.shape) if strategy.train or strategy.has_adapter else base.requires_grad_(False)
        self.sizes: ModelSizes = list_weights(self.model, names)

    @property
    def digest(self) -> str:
        """That of the model's files."""
        return self.source.digest

    @property
    def has_weights(self) -> bool:
        """Whether the files of the weights are here."""
        return bool(weight_files(self.source.folder))

    @property
    def config(self) -> Any:
        """The configuration of the language model."""
        return self.model.config.get_text_config()

    @property
    def layer_count(self) -> int:
        """The layers of the list that is cut; 1 for a model that is watched as a whole."""
        return 1 if self._layers is None else len(self._layers[2])

    @cached_property
    def layer_weights(self) -> int:
        """The base model's parameters in its layers. Of a model that is watched as a whole, those that 4-bit formats pack."""
        if self._layers is None:
            return self.sizes.packed
        return sum(parameter.numel() for parameter in self._layers[2].parameters() if str(id(parameter)) in self._base_names)

    @cached_property
    def stored(self) -> StoredFiles:
        """The files of the weights. Where they are not here, as files in the configuration's format would be."""
        formats = frozenset(_FORMATS.get(name, name) for name in number_formats_of(self.source.folder))
        if formats:
            return StoredFiles(formats, sum(file.stat().st_size for file in weight_files(self.source.folder)))
        usual = str(self.config.dtype or "float32").removeprefix("torch.")
        return StoredFiles(frozenset({usual}), self.sizes.base * (4 if usual == "float32" else 2))

    @cached_property
    def _layers(self) -> tuple[Any, str, Any] | None:
        """The module that holds the layers, the attribute's name, and the layers; None if there is not exactly one list of them."""
        import torch

        lists = [
            (module, name, child)
            for module in self.model.modules()
            for name, child in module.named_children()
            if isinstance(child, torch.nn.ModuleList) and len(child) >= _FEWEST_LAYERS and len({type(each) for each in child}) == 1
        ]
        outermost = [each for each in lists if not any(each[2] is not other[2] and _contains(other[2], each[2]) for other in lists)]
        return outermost[0] if len(outermost) == 1 else None

    def watch(self, step: Callable[[Any, MetaTracker], None], formats: Formats, *, training: bool, is_full: bool) -> StepCounts:
        """What a step takes of the whole model.

        Args:
            step: is called with the model inside the watched context.
            is_full: whether no sequence is padded.
        """
        return self.watch_stages(step, formats, training=training, is_full=is_full)[""]

    def watch_stages(
        self, step: Callable[[Any, MetaTracker], None], formats: Formats, *, training: bool, is_full: bool
    ) -> dict[str, StepCounts]:
        """As `watch`, for a step with stages (`MetaTracker.begin_stage`): what each takes, by its name. The first one has none."""
        self._set_formats(formats, training=training)
        # Without gradients, the peak is inside one layer: the first has no output of an earlier one beside it, and differs.
        fewer = 1 if training else 2
        if self._layers is None or len(self._layers[2]) <= 2 * fewer + 1:  # not more layers than those of both cuts
            return self._watch_once(step, formats, training=training, is_full=is_full)
        counts = []
        for number in (fewer, fewer + 1):
            with self._cut_to(number):
                counts.append(self._watch_once(step, formats, training=training, is_full=is_full))
        one, other = counts
        more = len(self._layers[2]) - fewer
        return {stage: one[stage].extrapolated(other[stage], more) for stage in one}

    def _watch_once(
        self, step: Callable[[Any, MetaTracker], None], formats: Formats, *, training: bool, is_full: bool
    ) -> dict[str, StepCounts]:
        import torch

        tracker = MetaTracker(is_full, on_cpu=formats.on_cpu)
        for parameter in self.model.parameters():
            parameter.grad = torch.empty_like(parameter) if training and parameter.requires_grad else None
        gradients = [each.grad for each in self.model.parameters() if each.grad is not None]
        tracker.ignore([*self.model.parameters(), *self.model.buffers(), *gradients])
        reading = contextlib.nullcontext() if training else answering(self.model)
        with self._mark_parts(tracker), tracker.watch(formats.autocast_dtype if training else None), reading:
            step(self.model, tracker)
        return tracker.stages

    def _set_formats(self, formats: Formats, *, training: bool) -> None:
        """Weights that are trained stay in float32 unless the recipe says otherwise; an encoder's always do."""
        import torch

        train = self.strategy.train
        frozen = torch.float32 if self.shape == "encoder" else getattr(torch, formats.weights)
        trained = torch.bfloat16 if train is not None and train.weights == "bfloat16" else torch.float32
        for parameter in self.model.parameters():
            is_trained = parameter.requires_grad and (training or self.strategy.method != "full")
            parameter.data = parameter.data.to(trained if is_trained else frozen)
        self.model.train(training)

    @contextlib.contextmanager
    def _cut_to(self, number: int) -> Iterator[None]:
        import torch

        assert self._layers is not None
        holder, name, layers = self._layers
        setattr(holder, name, torch.nn.ModuleList(list(layers)[:number]))
        try:
            yield
        finally:
            setattr(holder, name, layers)

    @contextlib.contextmanager
    def _mark_parts(self, tracker: MetaTracker) -> Iterator[None]:
        """Tell the tracker which part of the backward pass is running, from the gradients that arrive at the ends of the layers."""
        if self._layers is None:
            yield
            return
        holder, name, _ = self._layers
        layers = getattr(holder, name)

        def enter(part: str) -> Callable[[Any], None]:
            def change(gradient: Any) -> None:
                tracker.part = part

            return change

        def mark_input(module: Any, args: tuple[Any, ...], kwargs: Any) -> None:
            hidden = args[0] if args else kwargs.get("hidden_states")
            if hidden is not None and hidden.requires_grad:
                hidden.register_hook(enter("embeddings"))

        def mark_output(module: Any, args: Any, output: Any) -> None:
            hidden = output[0] if isinstance(output, tuple) else output
            if hidden.requires_grad:
                hidden.register_hook(enter("layers"))

        handles = [layers[0].register_forward_pre_hook(mark_input, with_kwargs=True), layers[-1].register_forward_hook(mark_output)]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _adapt_on_meta(base: Any, strategy: Strategy, shape: Shape) -> Any:
    """Put the adapter on the model without drawing its weights, which would take longer than everything else."""
    import torch

    with torch.device("meta"):
        return adapt(base, strategy, 0, shape=shape)


def _contains(outer: Any, inner: Any) -> bool:
    return any(module is inner for module in outer.modules())
