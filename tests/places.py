"""Where the checkout lies, and the public data sets beside it that some tests use."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"  # may be missing: tests that need it skip
TINY = ROOT / "harness" / "engine" / "models" / "tiny"
