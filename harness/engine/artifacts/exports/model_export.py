"""A finished cell's whole model as a folder for transformers, vLLM and llama.cpp, or as a GGUF file.

A merged model must compute what its base model computes with the adapter, to the precision of float32. A whole model is loaded again
after it was written, and must compute what was measured.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from harness.data.privacy import TextGuard
from harness.engine.adapters import peft_type
from harness.engine.artifacts.checks import check_artifact
from harness.engine.artifacts.equivalence import COMPARED_EXAMPLES, Difference, measure_difference, next_token_distributions
from harness.engine.artifacts.exports.base_copy import copy_terms
from harness.engine.artifacts.exports.export_card import export_card
from harness.engine.artifacts.exports.export_folder import Completion, Exported, new_folder
from harness.engine.artifacts.exports.gguf_file import GGUF_FILE, compare_gguf, require_decoder, write_gguf
from harness.engine.artifacts.exports.prompt_file import PromptParts
from harness.engine.artifacts.exports.transformers4 import add_older_names
from harness.engine.artifacts.loading import load_finished
from harness.engine.artifacts.merge import dtype_of, merge_with_base, require_mergeable
from harness.engine.inference import Predictor
from harness.engine.models import DTYPES, Device, ModelSource, decoder_start, load_model
from harness.errors import BenchError, did_you_mean
from harness.results import FinishedCell

GgufUse = Literal["only", "required", "optional"]
# Tokens that an encoder-decoder was trained to write, or never to write. The run respected them, so the export must.
_KEPT_RULES = ("forced_bos_token_id", "forced_eos_token_id", "bad_words_ids", "suppress_tokens")


def export_model(
    finished: FinishedCell,
    source: ModelSource,
    device: Device,
    target: Path,
    *,
    dtype: str = "auto",
    converter: str | None = None,
    gguf: GgufUse = "only",
    trust_remote_code: bool = False,
    guard: TextGuard | None = None,
    complete: Completion | None = None,
) -> Exported:
    """Write the whole model: the fully fine-tuned one, the adapter merged into its base, or the base model of a strategy that trains
    nothing.

    Args:
        source: the base model.
        device: the device that checks the result.
        dtype: the dtype of the stored weights; "auto" is the dtype that the cell computed in.
        converter: llama.cpp's converter, to write a GGUF file; None: a folder with safetensors.
        gguf: with a converter, whether the GGUF file replaces the safetensors ("only") or is written beside them. Beside them it is
            "required", or "optional": a model that cannot be converted is then exported without it, and a note says why.
        guard: what replaces identifiers of people in the prompt and the card.
        complete: adds files before the folder appears in its place.

    Raises:
        BenchError: the method cannot be merged, a file is damaged, or the exported model does not compute what was measured.
    """
    if dtype not in DTYPES:
        raise BenchError(f"unknown dtype '{dtype}'.{did_you_mean(dtype, DTYPES)}")
    stored_dtype = dtype_of(finished) if dtype == "auto" else dtype
    if converter is not None:
        require_decoder(finished)
    check_artifact(finished)
    merges = finished.strategy.has_adapter
    if merges:
        require_mergeable(finished)
    predictor = load_finished(finished, source, device, trust_remote_code=trust_remote_code)
    examples = finished.run.examples(finished.task.name, first=COMPARED_EXAMPLES)
    expected = next_token_distributions(predictor, examples)
    model: Any = predictor.loaded.model
    notes: list[str] = []
    if merges:
        predictor.loaded.model = None  # frees its memory for the next model
        merged = merge_with_base(finished, predictor, source, device, trust_remote_code=trust_remote_code)
        model, merged.model = merged.model, None
        notes = [_merge_note(finished, merged.unpacked_layers), f"The weights are stored in {stored_dtype}."]
    parts = PromptParts.of(finished, predictor.loaded.tokenizer, guard)
    only_gguf = converter is not None and gguf == "only"
    with new_folder(target) as part:
        folder = part / "model" if only_gguf else part
        folder.mkdir(exist_ok=True)
        _write_model(finished, predictor, model, source, folder, stored_dtype)
        predictor.loaded.model = model = None
        stored_device = replace(device, dtype=stored_dtype)
        exported = _load_exported(finished, predictor, folder, stored_device, trust_remote_code)
        difference = measure_difference(expected, next_token_distributions(exported, examples), stored_dtype, device.dtype)
        notes.append(_describe(difference, len(examples), exported))
        if converter is not None:
            try:
                write_gguf(folder, part / GGUF_FILE, stored_dtype, converter)
                notes.append(compare_gguf(expected, exported, part / GGUF_FILE, stored_dtype, stored_device, examples))
            except BenchError as error:
                if gguf != "optional":
                    raise
                (part / GGUF_FILE).unlink(missing_ok=True)
                notes.append(_describe_missing_gguf(error))
        if only_gguf:
            shutil.rmtree(folder)
            copy_terms(source.folder, part)
        parts.write(part)
        has_gguf = (part / GGUF_FILE).is_file()
        card = export_card(finished, parts, made=" ".join(notes), gguf=only_gguf, has_gguf=has_gguf, guard=guard)
        (part / "README.md").write_text(card, encoding="utf-8")
        if complete is not None:
            complete(part, parts)
    return Exported(target, finished, tuple(notes))


def _describe_missing_gguf(error: BenchError) -> str:
    reason = error.problems[0].removesuffix(" Nothing was written.")
    return f"The folder has no GGUF file: {reason}"


def _merge_note(finished: FinishedCell, unpacked_layers: int) -> str:
    kind, quantization = peft_type(finished.strategy), finished.strategy.quantization
    if quantization is None:
        return f"The adapter ({kind}) was merged into the base model."
    return (
        f"The {unpacked_layers} linear layers of the base model were quantized to 4 bits ({quantization.type}) as in training and unpacked "
        f"again, and the adapter ({kind}) was merged into them. The result has the weights that were measured, not the original ones."
    )


def _write_model(finished: FinishedCell, predictor: Predictor, model: Any, source: ModelSource, folder: Path, dtype: str) -> None:
    import torch

    model.to(getattr(torch, dtype))
    model.config._name_or_path = finished.run.plan.models[finished.cell.model].origin
    if finished.shape != "encoder":
        model.generation_config = _generation_config(predictor, model)
    model.save_pretrained(folder, safe_serialization=True)
    (folder / "README.md").unlink(missing_ok=True)
    predictor.loaded.tokenizer.save_pretrained(folder)
    for file in source.folder.glob("*.model"):  # SentencePiece, which llama.cpp's converter reads
        if file.is_file() and not (folder / file.name).exists():
            shutil.copyfile(file, folder / file.name)
    copy_terms(source.folder, folder)
    add_older_names(folder)


def _generation_config(predictor: Predictor, model: Any) -> Any:
    """Generation as it was measured: greedy, without the search or the penalties of the base model's own settings."""
    from transformers import GenerationConfig

    encoder, task = predictor.encoder, predictor.task
    output = max(map(len, encoder.completions(predictor.labels))) if task.chooses else task.decode.max_new_tokens
    config = GenerationConfig(
        do_sample=False, max_new_tokens=output, eos_token_id=sorted(encoder.stop_ids), pad_token_id=encoder.pad_id, use_cache=True
    )
    config.bos_token_id = model.generation_config.bos_token_id
    if predictor.shape == "encoder-decoder":
        config.decoder_start_token_id = decoder_start(model)
        for name in _KEPT_RULES:
            setattr(config, name, getattr(model.generation_config, name))
    return config


def _load_exported(finished: FinishedCell, predictor: Predictor, folder: Path, device: Device, trust_remote_code: bool) -> Predictor:
    """Load the written folder, its tokenizer included, as any user would."""
    source = ModelSource(finished.cell.model, finished.cell.model, folder, "")
    loaded = load_model(source, device, trust_remote_code=trust_remote_code, labels=finished.example.choices)
    return replace(predictor, loaded=loaded)


def _describe(difference: Difference, prompts: int, exported: Predictor) -> str:
    """How far the exported model differs from what was measured, as a sentence.

    Raises:
        BenchError: rounding does not explain the difference.
    """
    of = "the labels" if exported.shape == "encoder" else "the next token"
    if not difference.is_rounding:
        raise BenchError(
            f"the exported model does not compute what was measured: on {prompts} prompts of the run, the probabilities of {of} differ "
            f"{difference}. Nothing was written."
        )
    return f"Checked on {prompts} prompts of the run: the probabilities of {of} differ from the measured ones {difference}."
