"""One module for each tool whose results can be imported."""

from harness.interchange.readers.lm_eval import is_lm_eval, is_samples, match_samples, read_lm_eval
from harness.interchange.readers.peft_comparison import is_peft, read_peft

__all__ = ["is_lm_eval", "is_peft", "is_samples", "match_samples", "read_lm_eval", "read_peft"]
