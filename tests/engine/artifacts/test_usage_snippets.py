"""Which adapters the model card recommends for vLLM, and with which rank."""

from __future__ import annotations

from typing import Any

import pytest

from harness.catalog import Catalog
from harness.engine.artifacts.exports.base_copy import BasePlace
from harness.engine.artifacts.exports.prompt_file import PromptParts
from harness.engine.artifacts.exports.usage_snippets import Usage, usage_section
from harness.grid import vocabulary
from harness.types import Strategy

PARTS = PromptParts("{{ input }}", ("input",), (), False, (), (), {}, (1,), 0)


def lines(strategy: Strategy) -> str:
    task = Catalog(vocabulary()).task("summarization").value
    return "\n".join(usage_section(Usage(task, strategy, "decoder", PARTS, BasePlace("some/model", "abc"), "float32")))


def lora(**fields: Any) -> Strategy:
    return Strategy.model_validate({"name": "s", "method": "peft", "adapter": {"peft_type": "LORA"} | fields, "train": {}})


@pytest.mark.parametrize(("rank", "taken"), [(None, 8), (1, 8), (8, 8), (12, 16), (65, 128), (257, 320), (321, 512), (512, 512)])
def test_rank_is_rounded_up_to_one_that_vllm_accepts(rank: int | None, taken: int) -> None:
    assert f"max_lora_rank={taken})" in lines(lora() if rank is None else lora(r=rank))


@pytest.mark.parametrize(
    "fields",
    [
        {"r": 513}, {"use_dora": True}, {"modules_to_save": ["lm_head"]}, {"bias": "lora_only"}, {"rank_pattern": {"q_proj": 64}},
        {"alpha_pattern": {"q_proj": 64}}, {"init_lora_weights": "pissa"}, {"lora_bias": True}, {"peft_type": "VERA"},
    ],
)  # fmt: skip
def test_vllm_is_not_mentioned_for_adapters_that_it_does_not_support(fields: dict[str, Any]) -> None:
    assert "vllm" not in lines(lora(**fields)).lower()


def test_fields_without_effect_do_not_exclude_vllm() -> None:
    fine = {"use_dora": False, "bias": "none", "modules_to_save": None, "init_lora_weights": True, "use_rslora": True, "lora_dropout": 0.1}
    assert "enable_lora=True" in lines(lora(**fine))
    assert "vllm" not in lines(Catalog(vocabulary()).strategy("qlora").value).lower()
