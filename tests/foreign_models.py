"""What another trainer leaves: adapters that PEFT has saved by itself, and whole models that transformers has saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from peft import LoraConfig, get_peft_model
from tiny_models import save_model

_SPREAD = 0.3  # of the factors, which are far from 0, so that an adapter that is left out shows


def save_base(folder: Path) -> Path:
    """A base model of 2 layers."""
    return save_model(folder, "llama", spread=0.05)


def save_adapter(base: Path, folder: Path, *, added: tuple[str, ...] = (), with_tokenizer: bool = False, **fields: Any) -> Path:
    """A LoRA adapter with random factors, as PEFT saves it.

    Args:
        added: tokens that the trainer has added, so that the embeddings are stored.
    """
    torch.manual_seed(3)
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    words = transformers.AutoTokenizer.from_pretrained(base)
    if added:
        words.add_tokens(list(added))
        model.resize_token_embeddings(len(words), mean_resizing=False)
    adapted = get_peft_model(model, LoraConfig(**({"r": 4, "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM"} | fields)))
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                parameter.normal_(std=_SPREAD)
    adapted.save_pretrained(folder, **({"save_embedding_layers": True} if added else {}))
    if with_tokenizer or added:
        words.save_pretrained(folder)
    return folder


def save_merged(base: Path, adapter: Path, folder: Path) -> Path:
    """The base with the adapter merged into it by PEFT, as transformers saves it."""
    from peft import PeftModel

    model = PeftModel.from_pretrained(transformers.AutoModelForCausalLM.from_pretrained(base), adapter)
    model.merge_and_unload().save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder


def edit_config(folder: Path, **fields: Any) -> Path:
    """Change fields of the adapter's configuration."""
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))
    return folder
