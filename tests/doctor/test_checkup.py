"""The checks of the machine: each tests something real, fails on its own, and says what to do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tiny_models import save_model

from harness.doctor import checkup, hardware, machine, trials
from harness.doctor.checkup import Check, is_ready, list_checks
from harness.doctor.finding import Finding
from harness.doctor.trials import four_bit_cosines
from harness.engine.models.device import Device, find_device
from harness.errors import setting


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr("harness.cache._Choice.folder", folder)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return folder


def run_check(name: str, runs: Path = Path("runs"), model: str | None = None) -> list[Finding]:
    return next(check for check in list_checks(runs, model) if check.name == name).run()


def run_single(name: str, runs: Path = Path("runs"), model: str | None = None) -> Finding:
    (finding,) = run_check(name, runs, model)
    return finding


def test_this_machine_is_ready(tmp_path: Path) -> None:
    findings = [finding for check in list_checks(tmp_path) for finding in check.run()]
    assert is_ready(findings), findings
    assert {finding.name for finding in findings} == {check.name for check in list_checks(tmp_path)}
    assert all(finding.hint for finding in findings if finding.status != "ok")
    assert list(tmp_path.iterdir()) == [], "checks leave no files"


def test_exception_becomes_a_finding() -> None:
    def breaks() -> Iterator[Finding]:
        yield Finding("a", "ok", "fine")
        raise OSError("first line\nsecond line")

    (finding,) = Check("device", breaks, needed=True).run()
    assert finding == Finding("device", "failed", "OSError: first line", needed=True)
    assert not is_ready([finding])
    assert is_ready([Finding("4-bit weights", "failed", "wrong")]), "4-bit weights are not needed"


def test_broken_torch_does_not_stop_other_checks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_torch(*_: object) -> None:
        raise ImportError("libtorch.so: cannot open shared object file")

    monkeypatch.setattr(hardware, "find_device", no_torch)
    monkeypatch.setattr(trials, "find_device", no_torch)
    assert run_single("device").status == "failed"
    assert "libtorch.so" in run_single("4-bit weights").text
    assert run_single("disk", tmp_path).status == "ok"


def test_unsupported_and_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "importlib.metadata.requires",
        lambda _: ["torch>=999", "openpyxl>=999", "no-such-package>=1", "click>=8", "pytest>=999; extra == 'dev'"],
    )
    findings = run_check("packages")
    assert [(f.status, f.text.split()[0], f.needed) for f in findings] == [
        ("failed", "torch", True),
        ("warning", "openpyxl", False),
        ("warning", "no-such-package", False),
        ("ok", "1", True),
    ]
    assert findings[0].hint == "pip install 'torch>=999'"


# Computations


def test_four_bit_layer_agrees_with_its_dequantized_weights() -> None:
    assert min(four_bit_cosines(find_device())) > 0.999


def test_wrong_gradients_of_four_bit_layers_are_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the cause. Here, the dequantized weights differ from those of the layer."""
    import bitsandbytes.functional

    dequantize = bitsandbytes.functional.dequantize_4bit
    monkeypatch.setattr(bitsandbytes.functional, "dequantize_4bit", lambda *a, **k: dequantize(*a, **k).flip(0))
    finding = run_single("4-bit weights")
    assert finding.status == "failed"
    assert not finding.needed
    assert "use lora" in finding.hint


def test_repacked_weights_are_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    from bitsandbytes.functional import has_avx512bf16

    if not has_avx512bf16():
        pytest.skip("this CPU has no AVX512-BF16, so bitsandbytes does not repack weights")
    monkeypatch.setattr(trials, "avoid_repacking", lambda _: None)
    assert four_bit_cosines(find_device())[1] < 0.9


def test_without_bitsandbytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    finding = run_single("4-bit weights")
    assert finding.status == "warning"
    assert "bitsandbytes is not installed: pip install bitsandbytes" in finding.text


@pytest.mark.parametrize(("default", "status"), [("float32", "warning"), ("bfloat16", "failed")])
def test_number_format_that_fails_or_gives_wrong_results(monkeypatch: pytest.MonkeyPatch, default: str, status: str) -> None:
    """It matters as far as runs need it by default."""

    def product(device: object, dtype: str) -> tuple[float, float]:
        if dtype == "float16":
            raise RuntimeError("not implemented for 'Half'\nmore")
        return (2.0, 1.0) if dtype == "float32" else (1.0, 0.5)

    monkeypatch.setattr(trials, "_product", product)
    monkeypatch.setattr(trials, "find_device", lambda: Device("cpu", "a CPU", default))
    findings = {finding.text.split()[0]: finding for finding in run_check("number formats")}
    assert findings["float32"].status == "ok"
    assert (findings["bfloat16"].status, "wrong results" in findings["bfloat16"].text) == (status, True)
    assert findings["float16"].text == "float16 does not work: RuntimeError: not implemented for 'Half'"


def test_speed_is_relative_to_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "_product", lambda device, dtype: ({"float32": 3.0, "bfloat16": 2.0, "float16": 6.0}[dtype], 1.0))
    texts = " ".join(finding.text for finding in run_check("number formats"))
    assert "bfloat16 works, 1.5× the speed" in texts
    assert "float16 works, 0.5× the speed" in texts


def test_speed_that_would_round_to_zero_is_written_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "_product", lambda device, dtype: ({"float32": 1.0, "bfloat16": 10.0, "float16": 30.0}[dtype], 1.0))
    texts = " ".join(finding.text for finding in run_check("number formats"))
    assert "bfloat16 works, 0.1× the speed of float32" in texts
    assert "float16 works, less than a tenth of the speed of float32 in a matrix product" in texts


def test_memory_of_a_very_small_model_is_not_zero(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "small", "llama")
    finding = run_single(f"model {folder}", model=str(folder))
    assert finding.status == "ok"
    assert "needs less than 1 MB for lora and about 2 MB for full" in finding.text


# Folders


def test_runs_folder_need_not_exist(tmp_path: Path) -> None:
    assert run_single("disk", tmp_path / "a" / "b").status == "ok"
    assert not (tmp_path / "a").exists()


def test_runs_folder_that_is_not_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    finding = run_single("disk", tmp_path / "file")
    assert (finding.status, finding.needed) == ("failed", True)
    assert setting("runs_dir", "DIR") in finding.hint

    def denied(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", denied)
    assert "Permission denied" in run_single("disk", tmp_path).text
    assert run_single("cache").status == "warning"


def test_cache_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("harness.cache._Choice.folder", tmp_path / "file")
    finding = run_single("cache")
    assert finding.status == "warning"
    assert setting("cache_folder", "FOLDER") in finding.hint


def test_low_memory_and_low_disk_space_are_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "machine_memory", lambda: (int(8e9), int(1e9)))
    assert run_single("memory").status == "warning"
    monkeypatch.setattr(machine, "machine_memory", lambda: (None, None))
    assert run_single("memory").status == "ok"
    monkeypatch.setattr(machine, "_LOW_DISK", 1e18)
    assert (run_single("disk", tmp_path).status, run_single("disk", tmp_path).needed) == ("warning", True)


# The Hub


class _Answers(BaseHTTPRequestHandler):
    code = 200

    def do_HEAD(self) -> None:
        self.send_response(self.code)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A local server as the Hub, and clients that use no proxy."""
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
    finding = run_single("hub")
    assert (finding.status, finding.text) == ("warning", "not checked, because HF_HUB_OFFLINE is set")


def test_hub_that_can_be_reached(online: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_single("hub").status == "ok"
    monkeypatch.setattr(_Answers, "code", 503)
    assert "returned an error (503)" in run_single("hub").text


def test_hub_that_cannot_be_reached(online: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{unused.getsockname()[1]}")
        finding = run_single("hub")
    assert (finding.status, finding.needed) == ("warning", False)
    assert "cannot be reached" in finding.text


def test_hub_that_never_answers_times_out(online: None, monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr("huggingface_hub.get_session", never.wait)
    monkeypatch.setattr(checkup, "HUB_TIMEOUT", 0.05)
    assert "did not answer within 0.05 seconds" in run_single("hub").text
    never.set()


# Models


def test_changed_shipped_model_is_detected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    copied = Path(shutil.copytree(checkup.TINY, tmp_path / "tiny"))
    config = copied / "config.json"
    config.write_text(config.read_text() + " ")
    monkeypatch.setattr(checkup, "TINY", copied)
    finding = run_single("model tiny")
    assert (finding.status, finding.needed) == ("failed", True)
    assert "digest" in finding.text


def test_given_model_is_loaded_and_run() -> None:
    assert "decoder, 5.4 million parameters" in run_single("model tiny", model="tiny").text
    finding = run_single("model ./nothing", model="./nothing")
    assert (finding.status, finding.needed) == ("failed", True)
    assert finding.text.startswith("there is no model './nothing'")


def test_model_that_does_not_fit_into_memory_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "machine_memory", lambda: (1000, 1000))
    monkeypatch.setattr(trials, "load_model", lambda *_, **__: pytest.fail("it was loaded"))
    (finding,) = list(checkup._check_model("tiny"))
    assert finding.status == "warning"
    assert "but not loaded: its weights take" in finding.text
