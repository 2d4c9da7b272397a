"""Models of every shape, 2 layers of 64 wide with random weights, as the folders that a user would have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

TEXTS = [
    "my card has not arrived yet", "where is the card that I ordered", "I want my money back", "refund this payment please",
    "how do I change my pin", "the pin does not work", "billing urgent care late answer question: passage: summarize:", "é 🩺 ü",
]  # fmt: skip
SPECIAL = {"pad": "<pad>", "end": "</s>", "start": "<s>", "unknown": "<unk>"}
# What the tokenizer writes around a text.
AROUND = {"t5": "$A </s>", "bart": "<s> $A </s>", "llama": "$A"}

_DECODER = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128, "max_position_embeddings": 512}
_FEWER_KEYS = _DECODER | {"num_key_value_heads": 2}
_EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 64}
# Families of decoders that differ in what a strategy meets: the names and the fusing of their layers, windows, norms, experts.
DECODERS: dict[str, tuple[str, dict[str, Any]]] = {
    "mistral": ("MistralForCausalLM", _FEWER_KEYS | {"sliding_window": 48}),
    "falcon": ("FalconForCausalLM", _DECODER | {"multi_query": True}),
    "qwen2": ("Qwen2ForCausalLM", _FEWER_KEYS),
    "qwen3": ("Qwen3ForCausalLM", _FEWER_KEYS | {"head_dim": 16}),
    "gemma2": ("Gemma2ForCausalLM", _FEWER_KEYS | {"head_dim": 16, "sliding_window": 48}),
    "gemma3_text": (
        "Gemma3ForCausalLM",
        _FEWER_KEYS | {"head_dim": 16, "sliding_window": 48, "layer_types": ["sliding_attention", "full_attention"]},
    ),
    "phi": ("PhiForCausalLM", _DECODER),
    "phi3": ("Phi3ForCausalLM", _FEWER_KEYS),
    "mixtral": ("MixtralForCausalLM", _FEWER_KEYS | {"num_local_experts": 4, "num_experts_per_tok": 2}),
    "qwen3_moe": ("Qwen3MoeForCausalLM", _FEWER_KEYS | _EXPERTS | {"head_dim": 16, "mlp_only_layers": []}),
}
_ENCODER = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128}
_SIZES: dict[str, dict[str, Any]] = {
    "t5": {"d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 2, "num_decoder_layers": 3, "num_heads": 4},
    "bart": {
        "d_model": 64, "encoder_layers": 2, "decoder_layers": 3, "encoder_attention_heads": 4, "decoder_attention_heads": 4,
        "encoder_ffn_dim": 128, "decoder_ffn_dim": 128, "max_position_embeddings": 96,
    },
    "bert": _ENCODER | {"max_position_embeddings": 64},
    "roberta": _ENCODER | {"max_position_embeddings": 66},
    "distilbert": {"dim": 64, "n_layers": 2, "n_heads": 4, "hidden_dim": 128, "max_position_embeddings": 64},
    "llama": _ENCODER | {"num_key_value_heads": 4},
    **{family: sizes for family, (_, sizes) in DECODERS.items()},
}  # fmt: skip
_CLASSES = {
    "t5": "T5ForConditionalGeneration", "bart": "BartForConditionalGeneration", "bert": "BertModel", "roberta": "RobertaForMaskedLM",
    "distilbert": "DistilBertForMaskedLM", "llama": "LlamaForCausalLM",
    **{family: name for family, (name, _) in DECODERS.items()},
}  # fmt: skip


def tokenizer(family: str) -> Any:
    """A byte-level tokenizer with the family's way of starting and ending a text."""
    core = Tokenizer(models.BPE(unk_token=None))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = list(SPECIAL.values())
    core.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=340, special_tokens=special, initial_alphabet=alphabet))
    around = AROUND.get("llama" if family in DECODERS else family, "<s> $A </s>")
    core.post_processor = processors.TemplateProcessing(single=around, special_tokens=[(t, core.token_to_id(t)) for t in special])
    names = {"pad_token": "<pad>", "eos_token": "</s>", "bos_token": "<s>", "unk_token": "<unk>"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=core, **names)


def save_model(folder: Path, family: str, *, saved_as: str | None = None, spread: float = 0.2, **config: Any) -> Path:
    """A folder with config, safetensors and tokenizer; weights are far from uniform, so that a wrong mask shows."""
    words = tokenizer(family)
    ids = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2, "vocab_size": len(words)}
    if family in ("t5", "bart"):
        ids["decoder_start_token_id"] = 0 if family == "t5" else 1
    if family == "bart":
        ids["forced_eos_token_id"] = 1
    name = saved_as or _CLASSES[family]
    settings = transformers.AutoConfig.for_model(family, **(_SIZES[family] | ids | config))
    torch.manual_seed(1)
    model = getattr(transformers, name)(settings)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=spread)
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def load_decoder(folder: Path, family: str, dtype: torch.dtype) -> Any:
    """A decoder of this family, which is saved in a folder that tests share."""
    if not (folder / family).exists():
        save_model(folder / family, family)
    return transformers.AutoModelForCausalLM.from_pretrained(folder / family, dtype=dtype).eval()
