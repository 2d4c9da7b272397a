"""Weights that another trainer wrote: checked before anything is loaded, copied into the run, and used with the tokenizer beside them."""

from harness.engine.foreign.adapter_fit import check_adapter_fit
from harness.engine.foreign.base_names import has_same_weights, is_same_base
from harness.engine.foreign.copied_files import copy_artifact
from harness.engine.foreign.examine import examine_artifact
from harness.engine.foreign.own_tokenizer import prepare_for_adapter

__all__ = ["check_adapter_fit", "copy_artifact", "examine_artifact", "has_same_weights", "is_same_base", "prepare_for_adapter"]
