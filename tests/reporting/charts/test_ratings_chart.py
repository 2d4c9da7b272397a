"""The chart of a review: results from the ratings alone, and with the help of a score."""

from __future__ import annotations

import re
from dataclasses import replace

from harness.reporting.charts import draw_ratings_chart
from harness.review.findings import Combined
from harness.types import Score
from tests.reporting.wording.test_review_wording import ERRORS, HELPED, PAIRWISE, SCALES, WITH_A_SCORE


def test_both_intervals_are_drawn_on_one_scale() -> None:
    chart = str(draw_ratings_chart(WITH_A_SCORE, "ratings"))
    whiskers = re.findall(r'<line x1="([\d.]+)" y1="[\d.]+" x2="([\d.]+)" y2="[\d.]+" class="whisker thick (\w+)">', chart)
    (alone, helped) = ((float(x1), float(x2)) for x1, x2, _ in whiskers)
    assert [tone for *_, tone in whiskers] == ["base", "tuned"]
    assert alone[1] - alone[0] > helped[1] - helped[0] and helped[0] < alone[0] < helped[1] < alone[1]  # 66–84% and 63–79%
    assert "LoRA preferred to the untuned model: 76% (66–84%) from the ratings alone, 71% (63–79%) with a score." in chart
    assert 'class="zero"' in chart  # at 50%


def test_only_results_that_a_score_helps_are_drawn() -> None:
    assert draw_ratings_chart(PAIRWISE, "ratings") == "" == draw_ratings_chart(ERRORS, "ratings")
    changed = replace(
        SCALES.scale_scores[1], combined=Combined("no_gain"), change_combined=replace(HELPED, estimate=Score(1.5, -0.2, 2.1, 60, "PPI++"))
    )
    chart = str(draw_ratings_chart(replace(SCALES, scale_scores=(SCALES.scale_scores[0], changed)), "ratings"))
    assert chart.count("<circle") == 2 and "+1.50 (−0.20 to +2.10) with a score" in chart


def test_names_are_escaped() -> None:
    hostile = replace(WITH_A_SCORE.preferences[0], strategy="<script>x</script>")
    chart = str(draw_ratings_chart(replace(WITH_A_SCORE, preferences=(hostile,)), "ratings"))
    assert "<script" not in chart
