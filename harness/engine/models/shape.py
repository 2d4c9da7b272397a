"""Which of the three shapes of language model a configuration describes."""

from __future__ import annotations

from typing import Any

from harness.errors import BenchError
from harness.types import Shape

# The class of transformers that loads each shape.
AUTO_CLASS: dict[Shape, str] = {
    "decoder": "AutoModelForCausalLM",
    "encoder-decoder": "AutoModelForSeq2SeqLM",
    "encoder": "AutoModelForSequenceClassification",
}

# Families that, as decoders, answer a prompt that is padded to a longer one differently than alone, without an error (transformers 5.24,
# small models with random weights in float32): they count positions from the start of the padded input, or read padding into their state.
_CHANGED_BY_PADDING = frozenset({
    "bart", "bigbird_pegasus", "blenderbot", "blenderbot-small", "camembert", "cpmant", "data2vec-text", "deepseek_v4", "moshi", "mvp",
    "pegasus", "plbart", "roberta", "roberta-prelayernorm", "rwkv", "trocr", "xlm-roberta", "xlm-roberta-xl",
})  # fmt: skip


def shape_of(config: Any) -> Shape:
    """The shape of the model that a configuration of transformers describes.

    Raises:
        BenchError: it is not a language model, but one for images or sounds, say; or, as a decoder, it answers differently in a batch.
    """
    shape = _find_shape(config)
    # Models with their own code are not those of transformers, even if they name the same family.
    has_own_code = AUTO_CLASS[shape] in (getattr(config, "auto_map", None) or {})
    if shape == "decoder" and config.model_type in _CHANGED_BY_PADDING and not has_own_code:
        raise BenchError(
            f"as a decoder, {config.model_type} answers a prompt differently in a batch than alone, so that its scores cannot be relied "
            "on. Choose another model"
        )
    return shape


def _find_shape(config: Any) -> Shape:
    """The shape of a model by its configuration.

    The class that the checkpoint was saved as comes first, then what its family is known for: some families (BERT, RoBERTa) can also be
    built as decoders. Models with their own code name their class in `auto_map`.

    Raises:
        BenchError: it is not a language model, but one for images or sounds, say.
    """
    from transformers.models.auto import modeling_auto as known

    family = config.model_type
    saved_as = list(getattr(config, "architectures", None) or ())
    own_code = getattr(config, "auto_map", None) or {}
    causal, masked = known.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, known.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    classifies = family in known.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES or AUTO_CLASS["encoder"] in own_code
    if getattr(config, "is_encoder_decoder", False):
        if family in known.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES or AUTO_CLASS["encoder-decoder"] in own_code:
            return "encoder-decoder"
    elif classifies and any(name.endswith("ForSequenceClassification") for name in saved_as):
        return "encoder"
    elif any(name.endswith(("ForCausalLM", "LMHeadModel")) and name not in masked.values() for name in saved_as):
        return "decoder"
    elif classifies and family in masked:
        return "encoder"
    elif family in causal or AUTO_CLASS["decoder"] in own_code:
        return "decoder"
    elif AUTO_CLASS["encoder"] in own_code:
        return "encoder"
    raise BenchError(
        f"{saved_as[0] if saved_as else family} is not a language model; bench supports decoders (GPT, Llama, Qwen, …), encoder-decoders "
        "(T5, BART, …) and encoders (BERT, RoBERTa, …)"
    )
