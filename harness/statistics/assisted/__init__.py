"""Which mean would people give, from few ratings and an automatic score of every example?"""

from harness.statistics.assisted.assisted_mean import FEWEST_RATINGS, AssistedMean, WhyAlone, assisted_mean
from harness.statistics.assisted.ratings_needed import favoured_sample_factor, ratings_needed

__all__ = ["FEWEST_RATINGS", "AssistedMean", "WhyAlone", "assisted_mean", "favoured_sample_factor", "ratings_needed"]
