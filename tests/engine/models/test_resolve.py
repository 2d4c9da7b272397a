"""From the name of a model to a folder and its digest."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.engine.models.digest import folder_digest, model_files
from harness.engine.models.gguf import conversion_folder
from harness.engine.models.resolve import TINY, begin_hashing, known_models, resolve_model
from harness.errors import BenchError


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and no network."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr("harness.cache._Choice.folder", folder)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return folder


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The tiny model in a folder of the user's."""
    return Path(shutil.copytree(TINY, tmp_path / "copied"))


def refused(name: str, here: Path, revision: str | None = None) -> str:
    with pytest.raises(BenchError) as caught:
        resolve_model(name, revision, here=here)
    return str(caught.value)


def test_tiny_is_shipped() -> None:
    found = resolve_model("tiny")
    assert (found.name, found.origin, found.folder, found.revision) == ("tiny", "shipped", TINY, None)
    assert re.fullmatch(r"[0-9a-f]{64}", found.digest)
    assert {"tiny", "smollm2-135m", "all-minilm-l6-v2"} == known_models().keys()


def test_folder_is_found_however_its_path_is_written(copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("copied", "./copied", "copied/", str(copied), "~/copied"):
        found = resolve_model(name, here=tmp_path)
        assert (found.name, found.folder.resolve()) == ("copied", copied)
    assert resolve_model("copied", here=tmp_path).digest == resolve_model("tiny").digest, "the same model, wherever it lies"


def test_folder_with_a_short_name_is_reached_by_its_path(copied: Path, tmp_path: Path) -> None:
    copied.rename(tmp_path / "tiny")
    assert resolve_model("tiny", here=tmp_path).folder == TINY
    assert resolve_model("./tiny", here=tmp_path).folder.resolve() == tmp_path / "tiny"


def test_local_folder_takes_precedence_over_the_hub(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "org").mkdir()
    copied.rename(tmp_path / "org" / "name")
    assert resolve_model("org/name", here=tmp_path).origin == "name"


def test_folder_without_config_is_refused(copied: Path, tmp_path: Path) -> None:
    (copied / "config.json").unlink()
    assert refused("copied", tmp_path) == f"{copied}: is not a model folder: it has no config.json"


def test_broken_config_is_refused(copied: Path, tmp_path: Path) -> None:
    (copied / "config.json").write_text("{")
    assert refused("copied", tmp_path).startswith(f"{copied}/config.json: cannot be read")


def test_pickled_weights_are_refused_with_a_reason(copied: Path, tmp_path: Path) -> None:
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    message = refused("copied", tmp_path)
    assert "has no .safetensors weights. It has pytorch_model.bin, a pickle, which can run code" in message
    assert "save_pretrained" in message
    (copied / "pytorch_model.bin").unlink()
    assert "a pickle" not in refused("copied", tmp_path)


def test_folder_without_tokenizer_is_refused(copied: Path, tmp_path: Path) -> None:
    for file in copied.glob("tokenizer*"):
        file.unlink()
    assert "has no tokenizer (tokenizer.json)" in refused("copied", tmp_path)


def test_file_that_is_not_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"x")
    assert refused("model.bin", tmp_path).startswith("model.bin: is not a .gguf file.")


@pytest.mark.parametrize("name", ["./nope", "/nope", "~nobody-here/model", "nope", "a/b/c", "x" * 300, "tab\tin it", "nul\x00in it"])
def test_unknown_name_is_refused(name: str, tmp_path: Path) -> None:
    message = refused(name, tmp_path)
    assert message.startswith(f"there is no model '{name}': it is not a file or folder here, and not a name of the form org/name.")
    assert "tiny" in message


def test_similar_name_is_suggested(tmp_path: Path) -> None:
    assert "Did you mean 'smollm2-135m'?" in refused("smollm-135m", tmp_path)


def test_unreachable_hub_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    message = refused("nobody/nothing-of-this-name", tmp_path)
    assert message.startswith("the model 'nobody/nothing-of-this-name' is not in the local cache and the Hub cannot be reached")
    assert "name a folder" in message


def test_revision_of_a_local_model_is_refused(copied: Path, tmp_path: Path) -> None:
    for name in ("tiny", "copied"):
        assert refused(name, tmp_path, "main") == f"revision=\"main\" applies to models on the Hub, but '{name}' is on this machine"


# ------------------------------------------------------------------------------------------------------------- the digest


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"])
def test_digest_changes_with_what_can_change_an_output(copied: Path, name: str) -> None:
    before = folder_digest(copied)
    content = (copied / name).read_bytes()
    (copied / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert folder_digest(copied) != before


@pytest.mark.parametrize("name", ["chat_template.jinja", "special_tokens_map.json", "tokenizer.model"])
def test_digest_changes_with_an_added_file(copied: Path, name: str) -> None:
    before = folder_digest(copied)
    (copied / name).write_text("{}")
    assert folder_digest(copied) != before


def test_digest_ignores_folder_names_and_documents(copied: Path) -> None:
    before = folder_digest(copied)
    (copied / "README.md").write_text("# other")
    (copied / "LICENSE").write_text("other")
    (copied / "runs").mkdir()
    (copied / "runs" / "config.json").write_text("{}")
    assert folder_digest(copied.rename(copied.with_name("renamed"))) == before


def test_digest_depends_on_which_file_has_which_content(copied: Path) -> None:
    before = folder_digest(copied)
    a, b = copied / "tokenizer.json", copied / "tokenizer_config.json"
    one, two = a.read_bytes(), b.read_bytes()
    a.write_bytes(two)
    b.write_bytes(one)
    assert folder_digest(copied) != before


def grown(folder: Path, change: Callable[[bytes], bytes]) -> None:
    """Changes the weights and keeps size and time of change as they were."""
    file = folder / "model.safetensors"
    stat = file.stat()
    file.write_bytes(change(file.read_bytes()))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_digest_follows_the_content_and_not_the_time_of_change(copied: Path) -> None:
    before = folder_digest(copied)
    grown(copied, lambda b: b[:-1] + bytes([b[-1] ^ 1]))
    changed = folder_digest(copied)
    assert changed != before, "same size, same time"
    os.utime(copied / "model.safetensors", ns=(0, 0))
    assert folder_digest(copied) == changed
    grown(copied, lambda b: b + b"x")
    assert folder_digest(copied) != changed


@pytest.mark.parametrize("name", ["", ".", "nowhere", "org/name", "~nobody/x", "\0", "x" * 5000, "pipe", "broken", "notes.gguf"])
def test_to_begin_hashing_never_fails_and_never_waits(name: str, copied: Path, tmp_path: Path) -> None:
    """What is wrong, `resolve_model` says. A pipe would never end."""
    (Path(shutil.copytree(copied, tmp_path / "pipe")) / "model.safetensors").unlink()
    os.mkfifo(tmp_path / "pipe" / "model.safetensors.index.json")
    (Path(shutil.copytree(copied, tmp_path / "broken")) / "model.safetensors").unlink()
    (tmp_path / "broken" / "model.safetensors.index.json").write_text("{", encoding="utf-8")
    (tmp_path / "notes.gguf").write_text("no model", encoding="utf-8")
    assert all(file.is_file() for file in begun(name, tmp_path))


def begun(name: str, here: Path) -> list[Path]:
    """The files that are hashed, without a thread that would let an error pass."""
    with pytest.MonkeyPatch.context() as patch:
        files: list[Path] = []
        patch.setattr("harness.engine.models.resolve.hash_in_background", files.extend)
        begin_hashing([name], here)
    return files


def test_files_are_hashed_that_the_digest_is_computed_from(copied: Path, cache: Path, tmp_path: Path) -> None:
    """Of a folder, and of a GGUF file with its own conversion, not with those of others whose names begin like its name."""
    assert begun("copied", tmp_path) == model_files(copied)
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"GGUF")
    assert begun("mine.gguf", tmp_path) == [file], "not converted yet"
    conversion = Path(shutil.copytree(copied, conversion_folder(file, cache)))
    shutil.copytree(copied, cache / "models" / "mine-large-0123456789abcdef")
    shutil.copytree(copied, cache / "models" / "mine-0123456789abcdef")
    assert begun("mine.gguf", tmp_path) == [file, *model_files(conversion)]
    copied.rename(tmp_path / "tiny")
    assert not begun("tiny", tmp_path), "the included model has precedence"
