"""The hash that assigns units: stable, as documented, and even."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from event_factory import made_experiment
from places import ROOT

from harness.errors import BenchError
from harness.lifecycle.experiments import pick_variant

# From the page: unit, the first 13 digits of the digest, the variant with an equal share, and with a share of 10%.
VECTORS = re.findall(
    r"^\| `([^`]+)` \| `([0-9a-f]{13})` \| (\w+) \| (\w+) \|$", (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8"), re.MULTILINE
)
TENTH = {"champion": {"share": 0.9}, "challenger": {"share": 0.1}}


def examples(language: str) -> list[str]:
    """The code of the page in a language."""
    text = (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("unit", "digits", "equal", "tenth"), VECTORS)
def test_documented_units_keep_their_variant(unit: str, digits: str, equal: str, tenth: str) -> None:
    assert pick_variant(made_experiment(), unit) == equal
    assert pick_variant(made_experiment(variants=TENTH), unit) == tenth
    assert (int(digits, 16) / 16**13 < 0.5) == (equal == "challenger")


def test_there_are_documented_units() -> None:
    assert len(VECTORS) >= 4
    assert {equal for *_, equal, _ in VECTORS} == {"champion", "challenger"}


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_the_shell_of_the_page_computes_the_same() -> None:
    (code,) = (code for code in examples("bash") if "sha256sum" in code)
    for unit, digits, equal, _ in VECTORS:
        done = subprocess.run(["bash", "-c", code], env={"unit": unit, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True)
        assert done.stdout.split() == [digits, equal]


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_javascript_of_the_page_computes_the_same() -> None:
    (code,) = examples("js")
    calls = ", ".join(f"variant('visits-writer', {unit!r}, 0.5)" for unit, *_ in VECTORS)
    done = subprocess.run(["node", "-e", f"{code}\nconsole.log([{calls}].join(' '))"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [equal for *_, equal, _ in VECTORS]


def test_units_are_divided_as_the_shares_say() -> None:
    experiment = made_experiment(variants=TENTH)
    challengers = sum(pick_variant(experiment, f"user-{i}") == "challenger" for i in range(5000))
    assert 430 < challengers < 570  # 500, ± 3.3 standard deviations


def test_a_larger_share_keeps_the_units_of_the_challenger() -> None:
    small, large = made_experiment(variants=TENTH), made_experiment()
    moved = [unit for unit in map(str, range(2000)) if pick_variant(small, unit) == "challenger" != pick_variant(large, unit)]
    assert not moved


def test_another_salt_divides_anew() -> None:
    one, other = made_experiment(), made_experiment(salt="visits-writer-2")
    same = sum(pick_variant(one, f"user-{i}") == pick_variant(other, f"user-{i}") for i in range(2000))
    assert 900 < same < 1100


def test_spaces_and_case_count() -> None:
    units = ["Ann", "ann", "ann ", " ann", "änn", "a\u0308nn", "安", "🙂"]
    variants = [pick_variant(made_experiment(salt=f"salt {n}"), unit) for unit in units for n in range(40)]
    assert len({tuple(variants[40 * i : 40 * i + 40]) for i in range(len(units))}) == len(units)


@pytest.mark.parametrize(("unit", "message"), [("", "is empty"), ("x" * 1001, "1,001 characters"), ("\ud800", "not valid Unicode")])
def test_units_without_a_usable_name_are_refused(unit: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        pick_variant(made_experiment(), unit)
