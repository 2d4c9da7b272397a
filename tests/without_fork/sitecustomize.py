"""On the path of a Python process, makes it like one on Windows: without `fcntl` and without `os.fork`."""

import os
import sys

sys.modules["fcntl"] = None  # type: ignore[assignment]  # importing it raises ModuleNotFoundError
del os.fork
