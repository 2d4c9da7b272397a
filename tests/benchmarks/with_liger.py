"""Run TRL's script with Liger's kernels, for which it has no switch: `python with_liger.py trl_sft.py …`, by the other tools' Python."""

import functools
import runpy
import sys

import trl

if __name__ == "__main__":
    trl.SFTConfig = functools.partial(trl.SFTConfig, use_liger_kernel=True)
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")
