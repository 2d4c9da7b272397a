"""A GGUF file becomes an ordinary safetensors folder, once, in a cache.

Why: bitsandbytes cannot quantize while a GGUF file is read, and a model loaded from GGUF refuses to be saved. Dequantized weights
in a fresh model of the same class have neither problem.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from pathlib import Path

from harness.engine.models.digest import digest_of
from harness.engine.models.quiet import quiet_libraries
from harness.errors import BenchError, first_line, setting


def converted(file: Path, cache: Path) -> Path:
    """The folder with the dequantized model of a GGUF file.

    Raises:
        BenchError: when the file cannot be read as a model.
    """
    stat = file.stat()
    key = digest_of([file.name, str(stat.st_size), str(stat.st_mtime_ns), "1"])[:16]
    target = cache / "models" / f"{file.stem}-{key}"
    if not (target / "config.json").is_file():
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{file.stem}-"))  # another process may convert the same file
        except OSError as error:
            raise BenchError(
                f"{target.parent}: cannot store converted models: {error.strerror}. Name another folder: "
                f"{setting('cache_folder', 'FOLDER')}"
            ) from None
        try:
            _convert(file, beside)
            with contextlib.suppress(OSError):  # it was quicker, and what it made is as good
                beside.rename(target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return target


def _convert(file: Path, target: Path) -> None:
    quiet_libraries()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name)
        with contextlib.redirect_stderr(io.StringIO()):  # its progress bar knows no switch
            read = AutoModelForCausalLM.from_pretrained(str(file.parent), gguf_file=file.name, dtype=torch.float32)
    except Exception as error:  # the reader meets damaged files with whatever its parser stumbles over
        raise BenchError(f"{file}: cannot be read as a GGUF model: {first_line(error)}") from None
    config = read.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config._name_or_path = file.stem
    fresh = type(read)(config)
    fresh.load_state_dict(read.state_dict())
    # Four-bit weights times a scale are not exact in bfloat16: float32 keeps what the file says.
    fresh.save_pretrained(target)
    tokenizer.save_pretrained(target)
