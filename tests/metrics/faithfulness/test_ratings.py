"""Whether the scores agree with people: 50 dialogues of MTS-Dialog with four rated summaries each (docs/faithfulness.md has the table)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from places import SHARED
from scipy.stats import rankdata

from harness.metrics.faithfulness import FAITHFULNESS
from harness.types import Example, Prediction

RATINGS = SHARED / "oracles" / "mts-human-half" / "summaries.csv"
pytestmark = pytest.mark.skipif(not RATINGS.is_file(), reason="needs the rated summaries in ../shared/oracles")


@pytest.fixture(scope="module")
def rated() -> Any:
    """The rated summaries with our scores; a published row with the impossible rate −1 is left out."""
    import pandas as pd

    rows = pd.read_csv(RATINGS)
    rows = rows[(rows.hallucination_rate >= 0) & (rows.omission_rate >= 0)].rename(columns={"omission_rate": "rated_omission"})
    for metric in FAITHFULNESS.build(()):
        rows[metric.name] = [
            (metric.per_example(Example("e", {"input": row.dialogue}, (row.reference,)), Prediction("e", row.summary)) or (np.nan,))[0]
            for row in rows.itertuples()
        ]
    rows["length_ratio"] = rows.summary.str.split().str.len() / rows.reference.str.split().str.len()
    return rows


def spearman(x: Any, y: Any, given: Any = None) -> float:
    """Spearman's correlation; with `given`, the partial one: of what a line through the ranks of `given` leaves of the ranks."""
    ranks = [rankdata(v) for v in (x, y)]
    if given is not None:
        z = rankdata(given)
        ranks = [r - np.polyval(np.polyfit(z, r, 1), z) for r in ranks]
    return float(np.corrcoef(*ranks)[0, 1])


def auroc(scores: Any, positive: Any) -> float:
    ranks, n = rankdata(scores), positive.sum()
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(positive) - n)))


def test_omission_agrees_with_raters_beyond_length(rated: Any) -> None:
    assert len(rated) == 199
    assert spearman(rated.omission_rate, rated.rated_omission) >= 0.68
    assert spearman(-rated.length_ratio, rated.rated_omission) == pytest.approx(0.65, abs=0.01), "what length alone reaches"
    assert spearman(rated.omission_rate, rated.rated_omission, rated.length_ratio) >= 0.5


def test_unsupported_content_agrees_with_raters(rated: Any) -> None:
    """Only 19 summaries have a hallucination, so the interval is wide: 0.62–0.84 for the count."""
    hallucinates = (rated.hallucination_rate > 0).to_numpy()
    assert hallucinates.sum() == 19
    assert auroc(rated.unsupported_count, hallucinates) >= 0.72
    assert auroc(rated.unsupported_rate, hallucinates) >= 0.69
    assert spearman(rated.unsupported_count, 1 - rated.factual_precision) >= 0.3
    assert spearman(rated.number_error_rate, 1 - rated.factual_precision) >= 0.3


def test_wrong_numbers_are_rare_in_rated_summaries(rated: Any) -> None:
    flagged = rated.number_error_rate == 1
    assert flagged.mean() < 0.15
    assert (rated.factual_precision[flagged] < 1).mean() > 2 * (rated.factual_precision[~flagged] < 1).mean()
