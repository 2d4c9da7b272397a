"""Which mean would people give, from few ratings and an automatic score of every example?"""

from harness.statistics.assisted.assisted_mean import FEWEST_RATINGS, AssistedMean, WhyAlone, assisted_mean

__all__ = ["FEWEST_RATINGS", "AssistedMean", "WhyAlone", "assisted_mean"]
