"""What `bench doctor` says about the largest models that can be trained, also on devices that are not here."""

from __future__ import annotations

import re

import pytest

from harness.doctor import trainable
from harness.doctor.trainable import check_trainable
from harness.engine.models import Device

GIB = 2**30


def texts(monkeypatch: pytest.MonkeyPatch, device: Device, memory: int | None, host: int | None = 256 * GIB) -> list[str]:
    monkeypatch.setattr(trainable, "find_device", lambda: device)
    monkeypatch.setattr(trainable, "_find_memory", lambda device: memory)
    monkeypatch.setattr(trainable, "machine_memory", lambda: (host, host))
    findings = list(check_trainable())
    assert all(finding.status == "ok" and not finding.needed for finding in findings)
    return [finding.text for finding in findings]


def test_a_gpu_of_48_gb_trains_70b_with_qlora_and_not_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    full, lora, qlora, assumed = texts(monkeypatch, Device("cuda", "L40S", "bfloat16", (0, 1)), 48 * GIB)
    assert re.fullmatch(r"full fine-tuning: up to 3B \(Llama-3\.2-3B\), with the optimizer's states on the CPU; without .* up to 1B", full)
    assert lora.startswith("LoRA: up to 70B (Llama-3.1-70B), with frozen weights on the CPU; ")
    assert qlora.startswith("QLoRA: up to 70B (Llama-3.1-70B), with gradient checkpointing; ")
    assert assumed.startswith("forecast for one of these GPUs, examples of 1,024 tokens in batches of 8, and bfloat16; ")


def test_what_does_not_work_or_is_not_known_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    *_, qlora, _ = texts(monkeypatch, Device("mps", "Apple M2", "bfloat16"), 16 * GIB)
    assert qlora == "QLoRA: none, because bitsandbytes has no 4-bit kernels for the GPU of a Mac"
    full, *_ = texts(monkeypatch, Device("cpu", "CPU", "bfloat16"), GIB)
    assert full == "full fine-tuning: no model from 135M on fits"
    (unknown,) = texts(monkeypatch, Device("cpu", "CPU", "bfloat16"), None)
    assert unknown == "this system does not report its memory, so it is not known what fits"
