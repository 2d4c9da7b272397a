"""Do units arrive at the two variants as they were assigned? A test that may be repeated after every unit."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

SAMPLE_RATIO_ALPHA = 0.01  # of a false alarm over the whole experiment
# Of the Beta prior around the planned share: deviations of about 3 percentage points are expected. Of 100, 300, 1,000 and 10,000, it
# finds 48:52 with the fewest units (6,100 in the median of 300 simulations), and 45:55 with 8% more than the best of them (1,200).
_CONCENTRATION = 300.0


def sample_ratio_evidence(is_challenger: NDArray[np.bool_], share: float) -> Array:
    """The logarithm of the evidence against the planned share, after each unit: (…, n).

    The e-process of the Dirichlet-multinomial: the likelihood of the variants so far, averaged over shares around the planned one, divided
    by their likelihood at the planned share. It exceeds log(1/α) at any time with a probability of at most α if the share is as planned.
    Source: Lindon & Malek 2022, "Anytime-valid inference for multinomial count data", NeurIPS 35.

    Args:
        is_challenger: the variants of the units, in the order of arrival.
        share: the planned probability of the challenger, between 0 and 1.
    """
    from scipy.special import betaln

    counts = np.cumsum(is_challenger, axis=-1).astype(np.float64)
    others = np.arange(1, is_challenger.shape[-1] + 1) - counts
    prior = _CONCENTRATION * share, _CONCENTRATION * (1 - share)
    averaged = betaln(prior[0] + counts, prior[1] + others) - betaln(*prior)
    evidence: Array = averaged - counts * np.log(share) - others * np.log1p(-share)
    return evidence
