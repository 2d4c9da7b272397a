"""How well one number ranks outputs as another does: an automatic score and what people say."""

from harness.statistics.association.rank_association import rank_association

__all__ = ["rank_association"]
