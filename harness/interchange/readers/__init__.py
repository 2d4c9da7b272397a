"""One module for each tool whose results can be imported."""

from harness.interchange.readers.inspect_log import SUFFIX, is_inspect, read_inspect_archive, read_inspect_document
from harness.interchange.readers.lm_eval import LM_EVAL_FAMILY, is_lm_eval, is_samples, match_samples, read_lm_eval
from harness.interchange.readers.peft_comparison import is_peft, read_peft
from harness.interchange.readers.promptfoo import is_promptfoo, read_promptfoo

__all__ = [
    "LM_EVAL_FAMILY",
    "SUFFIX",
    "is_inspect",
    "is_lm_eval",
    "is_peft",
    "is_promptfoo",
    "is_samples",
    "match_samples",
    "read_inspect_archive",
    "read_inspect_document",
    "read_lm_eval",
    "read_peft",
    "read_promptfoo",
]
