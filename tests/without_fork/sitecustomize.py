"""On the path of a Python process, makes it like one on Windows: without `fcntl` and without `os.fork`."""

import os
import sys
import warnings

sys.modules["fcntl"] = None  # type: ignore[assignment]  # importing it raises ModuleNotFoundError
del os.fork
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # filelock warns that it has to do without fcntl
    import filelock  # noqa: F401
