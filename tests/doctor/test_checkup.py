"""Checks of the machine: each makes a real trial, fails on its own, and says what to do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tiny_models import save_model

from harness.doctor import checkup, machine, trials
from harness.doctor.checkup import Check, checks, works
from harness.doctor.finding import Finding
from harness.doctor.trials import four_bit_cosines
from harness.engine.models.device import find_device


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr("harness.cache._Choice.folder", folder)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return folder


def found(name: str, runs: Path = Path("runs"), model: str | None = None) -> list[Finding]:
    return next(check for check in checks(runs, model) if check.name == name).run()


def only(name: str, runs: Path = Path("runs"), model: str | None = None) -> Finding:
    (finding,) = found(name, runs, model)
    return finding


def test_what_this_machine_has_works(tmp_path: Path) -> None:
    every = [finding for check in checks(tmp_path) for finding in check.run()]
    assert works(every), every
    assert {finding.name for finding in every} == {check.name for check in checks(tmp_path)}
    assert all(finding.hint for finding in every if finding.status != "ok")
    assert list(tmp_path.iterdir()) == [], "a check leaves nothing behind"


def test_an_exception_is_a_finding_and_stops_nothing() -> None:
    def breaks() -> Iterator[Finding]:
        yield Finding("a", "ok", "fine")
        raise OSError("first line\nsecond line")

    (finding,) = Check("device", breaks, needed=True).run()
    assert finding == Finding("device", "failed", "OSError: first line", needed=True)
    assert not works([finding])
    assert works([Finding("4-bit weights", "failed", "wrong")]), "a run needs no 4-bit weights"


def test_a_broken_torch_does_not_stop_the_checks_without_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_torch(*_: object) -> None:
        raise ImportError("libtorch.so: cannot open shared object file")

    monkeypatch.setattr(machine, "find_device", no_torch)
    monkeypatch.setattr(trials, "find_device", no_torch)
    assert only("device").status == "failed"
    assert "libtorch.so" in only("4-bit weights").text
    assert only("disk", tmp_path).status == "ok"


def test_packages_out_of_range_or_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "importlib.metadata.requires",
        lambda _: ["torch>=999", "openpyxl>=999", "no-such-package>=1", "click>=8", "pytest>=999; extra == 'dev'"],
    )
    findings = found("packages")
    assert [(f.status, f.text.split()[0], f.needed) for f in findings] == [
        ("failed", "torch", True),
        ("warning", "openpyxl", False),
        ("warning", "no-such-package", False),
        ("ok", "1", True),
    ]
    assert findings[0].hint == "pip install 'torch>=999'"


# --------------------------------------------------------------------------------------------------------------- computing


def test_four_bits_agree_with_the_weights_unpacked() -> None:
    assert min(four_bit_cosines(find_device())) > 0.999


def test_wrong_gradients_of_four_bits_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever makes them: here, weights that are unpacked into others than the layer computes with."""
    import bitsandbytes.functional

    right = bitsandbytes.functional.dequantize_4bit
    monkeypatch.setattr(bitsandbytes.functional, "dequantize_4bit", lambda *a, **k: right(*a, **k).flip(0))
    finding = only("4-bit weights")
    assert finding.status == "failed"
    assert not finding.needed
    assert "use lora" in finding.hint


def test_repacked_weights_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from bitsandbytes.functional import has_avx512bf16

    if not has_avx512bf16():
        pytest.skip("this CPU has no AVX512-BF16, so that bitsandbytes repacks nothing")
    monkeypatch.setattr(trials, "avoid_repacking", lambda _: None)
    assert four_bit_cosines(find_device())[1] < 0.9


def test_without_bitsandbytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    finding = only("4-bit weights")
    assert finding.status == "warning"
    assert "bitsandbytes is not installed: pip install bitsandbytes" in finding.text


def test_a_format_that_does_not_compute_or_computes_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    def product(device: object, dtype: str) -> tuple[float, float]:
        if dtype == "float16":
            raise RuntimeError("not implemented for 'Half'\nmore")
        return (2.0, 1.0) if dtype == "float32" else (1.0, 0.5)

    monkeypatch.setattr(trials, "_product", product)
    findings = {finding.text.split()[0]: finding for finding in found("number formats")}
    assert findings["float32"].status == "ok"
    assert (findings["bfloat16"].status, "wrong product" in findings["bfloat16"].text) == ("warning", True)
    assert findings["float16"].text == "float16 does not compute here: RuntimeError: not implemented for 'Half'"


def test_speed_is_a_ratio_to_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "_product", lambda device, dtype: ({"float32": 3.0, "bfloat16": 2.0, "float16": 6.0}[dtype], 1.0))
    texts = " ".join(finding.text for finding in found("number formats"))
    assert "bfloat16 computes, 1.5 × as fast" in texts
    assert "float16 computes, 0.5 × as fast" in texts


def test_a_speed_that_would_round_to_nothing_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "_product", lambda device, dtype: ({"float32": 1.0, "bfloat16": 10.0, "float16": 30.0}[dtype], 1.0))
    texts = " ".join(finding.text for finding in found("number formats"))
    assert "bfloat16 computes, 0.1 × as fast as float32" in texts
    assert "float16 computes, less than a tenth as fast as float32 in a matrix product" in texts


def test_the_memory_for_a_very_small_model_is_not_nothing(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "small", "llama")
    finding = only(f"model {folder}", model=str(folder))
    assert finding.status == "ok"
    assert "takes less than 1 MB for lora and about 2 MB for full" in finding.text


# ----------------------------------------------------------------------------------------------------------------- folders


def test_the_folder_of_the_runs_need_not_be_there(tmp_path: Path) -> None:
    assert only("disk", tmp_path / "a" / "b").status == "ok"
    assert not (tmp_path / "a").exists()


def test_runs_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    finding = only("disk", tmp_path / "file")
    assert (finding.status, finding.needed) == ("failed", True)
    assert "--runs-dir" in finding.hint

    def denied(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", denied)
    assert "Permission denied" in only("disk", tmp_path).text
    assert only("cache").status == "warning"


def test_a_cache_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("harness.cache._Choice.folder", tmp_path / "file")
    finding = only("cache")
    assert finding.status == "warning"
    assert "BENCH_CACHE_DIR" in finding.hint


def test_little_memory_and_little_disk_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "machine_memory", lambda: (int(8e9), int(1e9)))
    assert only("memory").status == "warning"
    monkeypatch.setattr(machine, "machine_memory", lambda: (None, None))
    assert only("memory").status == "ok"
    monkeypatch.setattr(machine, "_LITTLE_DISK", 1e18)
    assert (only("disk", tmp_path).status, only("disk", tmp_path).needed) == ("warning", True)


# --------------------------------------------------------------------------------------------------------------------- hub


class _Answers(BaseHTTPRequestHandler):
    code = 200

    def do_HEAD(self) -> None:
        self.send_response(self.code)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Hub of our own, and clients that ask nobody else."""
    from huggingface_hub.utils import close_session

    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    close_session()
    yield
    close_session()
    server.shutdown()
    server.server_close()


def test_offline_is_respected() -> None:
    finding = only("hub")
    assert (finding.status, finding.text) == ("warning", "not asked: HF_HUB_OFFLINE is set")


def test_a_hub_that_answers(online: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert only("hub").status == "ok"
    monkeypatch.setattr(_Answers, "code", 503)
    assert "answers with an error (503)" in only("hub").text


def test_a_hub_that_is_not_there(online: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{unused.getsockname()[1]}")
        finding = only("hub")
    assert (finding.status, finding.needed) == ("warning", False)
    assert "cannot be reached" in finding.text


def test_a_hub_that_never_answers_is_not_waited_for(online: None, monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr("huggingface_hub.get_session", never.wait)
    monkeypatch.setattr(checkup, "PATIENCE", 0.05)
    assert "did not answer in 0.05 seconds" in only("hub").text
    never.set()


# ------------------------------------------------------------------------------------------------------------------ models


def test_a_shipped_model_that_was_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    copied = Path(shutil.copytree(checkup.TINY, tmp_path / "tiny"))
    config = copied / "config.json"
    config.write_text(config.read_text() + " ")
    monkeypatch.setattr(checkup, "TINY", copied)
    finding = only("model tiny")
    assert (finding.status, finding.needed) == ("failed", True)
    assert "digest" in finding.text


def test_a_model_of_the_users_is_loaded_and_computes() -> None:
    assert "decoder, 5.4 million parameters" in only("model tiny", model="tiny").text
    finding = only("model ./nothing", model="./nothing")
    assert (finding.status, finding.needed) == ("failed", True)
    assert finding.text.startswith("there is no model './nothing'")


def test_a_model_that_does_not_fit_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "machine_memory", lambda: (1000, 1000))
    monkeypatch.setattr(trials, "load_model", lambda *_, **__: pytest.fail("it was loaded"))
    (finding,) = list(checkup._model("tiny"))
    assert finding.status == "warning"
    assert "it was not loaded" in finding.text
