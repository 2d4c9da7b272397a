"""docs/judged_clinic.py: what a reader of its output and of its picture would check."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT


@pytest.mark.soak
def test_the_judge_alone_is_wrong_and_makes_ratings_more_precise(tmp_path: Path) -> None:
    script = str(ROOT / "docs" / "judged_clinic.py")
    done = subprocess.run([sys.executable, script, str(tmp_path / "clinic")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    facts = float(re.findall(r"the facts say ([\d.]+)%", done.stdout)[0])
    low, high = map(float, re.findall(r"the judge alone says .*\(([\d.]+)% to ([\d.]+)%\)", done.stdout)[0])
    assert high < 50 < facts and high - low < 10
    samples = [(float(right), float(width)) for right, width in re.findall(r"right in ([\d.]+)% .*, ([\d.]+) points wide", done.stdout)]
    careful_alone, careful, careless_alone, careless = samples
    assert min(right for right, _ in samples) > 90
    assert careful[1] < 0.85 * careful_alone[1] and careless[1] <= careless_alone[1]
    guide = (ROOT / "docs" / "judges.md").read_text(encoding="utf-8")
    assert done.stdout in guide, "the guide shows what the script prints"
    assert "<svg" in (tmp_path / "clinic" / "judged_clinic.svg").read_text(encoding="utf-8")
