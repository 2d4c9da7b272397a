"""From a model's name to a model in memory: found, checked, identified by a digest, and loaded on the device of this machine."""

from harness.engine.models.arranged_products import arranged_forward, arranged_size, arranges_weights, count_linear
from harness.engine.models.device import DTYPES, Device, find_device, has_amx
from harness.engine.models.digest import digest_of, folder_digest, model_files, shipped_model_digest
from harness.engine.models.experts import stacked_experts
from harness.engine.models.folder_check import (
    has_tokenizer,
    number_formats_of,
    parameters_of,
    read_tensor_shapes,
    size_of,
    weight_files,
)
from harness.engine.models.four_bit import avoid_repacking, require_four_bit
from harness.engine.models.gguf import read_gguf
from harness.engine.models.head import head_modules
from harness.engine.models.inventory import KnownModel, converted_models, hub_models, named_models
from harness.engine.models.layer_offloading import offload_layers
from harness.engine.models.load import (
    LoadedModel,
    explain_loading,
    has_head,
    head_labels,
    load_description,
    load_model,
    load_skeleton,
    load_tokenizer,
    shape_of_model,
    use_tokenizer_of,
)
from harness.engine.models.model_calls import decoder_start, logits_only_at, right_padded
from harness.engine.models.peft_import import import_peft
from harness.engine.models.products import add_product, is_faster_linear, multiply, product_forward
from harness.engine.models.quiet import quiet_libraries
from harness.engine.models.random_model import build_random_model
from harness.engine.models.replaced_attention import AttentionFunction, replaced_attention
from harness.engine.models.replaced_forwards import computes_itself, replaced_forwards
from harness.engine.models.resolve import TINY, ModelSource, begin_hashing, known_models, resolve_description, resolve_model
from harness.engine.models.shared_weights import share_weights

__all__ = [
    "DTYPES",
    "TINY",
    "AttentionFunction",
    "Device",
    "KnownModel",
    "LoadedModel",
    "ModelSource",
    "add_product",
    "arranged_forward",
    "arranged_size",
    "arranges_weights",
    "avoid_repacking",
    "begin_hashing",
    "build_random_model",
    "computes_itself",
    "converted_models",
    "count_linear",
    "decoder_start",
    "digest_of",
    "explain_loading",
    "find_device",
    "folder_digest",
    "has_amx",
    "has_head",
    "has_tokenizer",
    "head_labels",
    "head_modules",
    "hub_models",
    "import_peft",
    "is_faster_linear",
    "known_models",
    "load_description",
    "load_model",
    "load_skeleton",
    "load_tokenizer",
    "logits_only_at",
    "model_files",
    "multiply",
    "named_models",
    "number_formats_of",
    "offload_layers",
    "parameters_of",
    "product_forward",
    "quiet_libraries",
    "read_gguf",
    "read_tensor_shapes",
    "replaced_attention",
    "replaced_forwards",
    "require_four_bit",
    "resolve_description",
    "resolve_model",
    "right_padded",
    "shape_of_model",
    "share_weights",
    "shipped_model_digest",
    "size_of",
    "stacked_experts",
    "use_tokenizer_of",
    "weight_files",
]
