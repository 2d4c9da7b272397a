"""Shared by all tests. The environment is set before anything imports torch."""

import os

# OpenMP's waiting threads spin by default: beside any other busy process the tests then took ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
