"""A GGUF file, converted once to an ordinary safetensors folder in a cache.

Why: bitsandbytes cannot quantize while a GGUF file is read, and a model that was loaded from GGUF cannot be saved. Dequantized weights in a
fresh model of the same class have neither problem.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.engine.models.digest import digest_of
from harness.engine.models.quiet import quiet_libraries
from harness.errors import BenchError, first_line, setting
from harness.store import hash_file, read_sealed, write_sealed

_RECORD = "converted.json"
_VERSION = "2"  # of the conversion; raise it when the same file would give another model


@dataclass(frozen=True)
class _Converted:
    """`files` is the sha256 (hex) of each file of a converted model, by name."""

    files: Mapping[str, str]


def converted(file: Path, cache: Path) -> Path:
    """The folder with the dequantized model of a GGUF file.

    The content of the file decides which conversion is used, and one that is damaged is made again.

    Raises:
        BenchError: the file cannot be read as a model, or the cache cannot be written.
    """
    target = conversion_folder(file, cache)
    if not _is_intact(target):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            part = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{file.stem}-"))  # another process may convert the same file
        except OSError as error:
            advice = f"Name another folder: {setting('cache_folder', 'FOLDER')}"
            raise BenchError(f"{target.parent}: cannot store converted models: {error.strerror}. {advice}") from None
        try:
            read_gguf(file, part)
            files = {each.name: hash_file(each) for each in sorted(part.iterdir())}
            write_sealed(part / _RECORD, _Converted, _Converted(files), place=_RECORD)
            if target.exists() and not _is_intact(target):
                shutil.rmtree(target)
            with contextlib.suppress(OSError):  # another process was faster, and its result is as good
                part.rename(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return target


def conversion_folder(file: Path, cache: Path) -> Path:
    """Where the dequantized model of a GGUF file is, or will be: its name follows from the content of the file.

    Raises:
        BenchError: the file cannot be read.
    """
    return cache / "models" / f"{file.stem}-{digest_of([hash_file(file), _VERSION])[:16]}"


def _is_intact(folder: Path) -> bool:
    """Whether a conversion is complete, and all of its files are as they were written."""
    if not (folder / _RECORD).is_file():
        return False
    try:
        files = read_sealed(folder / _RECORD, _Converted, place=_RECORD, advice="It is made again.").files
        return all(hash_file(folder / name) == digest for name, digest in files.items())
    except BenchError:
        return False


def read_gguf(file: Path, target: Path) -> None:
    """Write the dequantized model of a GGUF file, and its tokenizer, to an existing folder.

    Raises:
        BenchError: the file cannot be read as a model.
    """
    quiet_libraries()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name)
        with contextlib.redirect_stderr(io.StringIO()):  # its progress bar cannot be turned off
            dequantized = AutoModelForCausalLM.from_pretrained(str(file.parent), gguf_file=file.name, dtype=torch.float32)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a damaged file can raise any exception; tokenizers panic
        raise BenchError(f"{file}: cannot be read as a GGUF model: {first_line(error)}") from None
    config = dequantized.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config._name_or_path = file.stem
    model = type(dequantized)(config)
    model.load_state_dict(dequantized.state_dict())
    # Four-bit weights times a scale are not exact in bfloat16; float32 keeps the values of the file.
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
