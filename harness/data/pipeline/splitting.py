"""Splitting of files that have no splits yet. Related rows stay together, and the result does not depend on the order of the rows.

Rows are related if they share a group (a patient, a document) or have the same inputs, as rows to be folded do (`check_folds` makes sure),
and where the index has words, if their inputs are near duplicates.
Related rows form clusters. The clusters are put in a random order in which each position depends on the cluster's own key only, and the
order is cut at the shares. Where rows have labels, the order is stratified: each split has every class in about its share, and a class with
two clusters or more is in training and, unless there are more than half as many classes as test rows, in test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data.identity import RowIndex, seeded_rank_number
from harness.data.pipeline.stratification import stratified_order
from harness.data.similarity import WordSets, find_similar_pairs
from harness.errors import BenchError
from harness.text import plural
from harness.types import SplitName, SplitSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.data.identity import RowNumbers

SPARE_VALIDATION = 0.1


class _Clusters(NamedTuple):
    """Clusters in random order, stratified where there are labels: the cluster of each row, and the number of rows in each cluster."""

    of_row: NDArray[Any]
    sizes: NDArray[Any]


def split_rows(index: RowIndex, rows: RowNumbers, spec: SplitSpec, file: str) -> dict[SplitName, RowNumbers]:
    """Split rows by shares. Each split keeps their order.

    Args:
        file: the name of the file or files in messages.

    Raises:
        BenchError: there are fewer than two clusters, one for training and one for test.
    """
    clusters = _find_clusters(index, rows)
    if len(clusters.sizes) < 2:
        raise BenchError(_too_few_clusters(index, rows, file))
    required: list[SplitName] = ["test", "train"]
    if spec.validation > 0 and len(clusters.sizes) > 2:
        required.append("validation")
    shares: dict[SplitName, float] = {"test": spec.test, "validation": spec.validation, "train": spec.train}
    return _cut(rows, clusters, shares, required)


def split_off_validation(index: RowIndex, train: RowNumbers) -> tuple[RowNumbers, RowNumbers]:
    """Set a tenth of the training rows aside for validation, by clusters.

    Returns:
        Training and validation rows. Validation is empty if there is only one cluster.
    """
    clusters = _find_clusters(index, train)
    if len(clusters.sizes) < 2:
        return train, train[:0]
    shares: dict[SplitName, float] = {"validation": SPARE_VALIDATION, "train": 1 - SPARE_VALIDATION}
    parts = _cut(train, clusters, shares, ["validation", "train"])
    return parts["train"], parts["validation"]


def _find_clusters(index: RowIndex, rows: RowNumbers) -> _Clusters:
    """Connected components of "same group", "same inputs" and "similar inputs", in the random order of the seed."""
    import numpy as np

    # sorted input hashes already are a random order of the clusters that no group joins
    keys, of_row = np.unique(index.column("input_hashes", rows), return_inverse=True)
    groups = index.column("groups", rows)
    similar = of_row[find_similar_pairs(WordSets.of(index.words).select(rows))] if index.with_words else np.zeros((0, 2), np.int64)
    if (groups >= 0).any() or len(similar):
        component = _connect(len(keys), of_row, groups, similar)
        of_row = _order_components(component, keys, index, component[of_row], groups)[component[of_row]]
    clusters = _Clusters(of_row, np.bincount(of_row))
    return _stratify(clusters, index, rows) if index.with_labels and len(rows) else clusters


def _stratify(clusters: _Clusters, index: RowIndex, rows: RowNumbers) -> _Clusters:
    """The clusters in a stratified order. A cluster with several labels belongs to the rarest of them."""
    import numpy as np

    labels, names = index.column("labels", rows), index.label_names.texts()
    counts = np.bincount(labels, minlength=len(names))
    rarest_first = sorted(range(len(names)), key=lambda label: (counts[label], names[label]))
    rarity = np.empty(len(names), np.int64)
    rarity[rarest_first] = np.arange(len(names))
    stratum = np.full(len(clusters.sizes), len(names), np.int64)
    np.minimum.at(stratum, clusters.of_row, rarity[labels])
    order = stratified_order(stratum, clusters.sizes, last_in_rear=True)
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    return _Clusters(position[clusters.of_row], clusters.sizes[order])


def _connect(n_inputs: int, of_row: NDArray[Any], groups: NDArray[Any], similar: NDArray[Any]) -> NDArray[Any]:
    """The component of each distinct input, in a graph of inputs and groups with an edge for each row that links two, and for each pair of
    similar inputs.

    Args:
        n_inputs: the number of distinct inputs.
        of_row: (rows,) the distinct input of each row.
        groups: (rows,) the group of each row, -1 for none.
        similar: (pairs × 2) distinct inputs that are near duplicates.

    Returns:
        (n_inputs,) component numbers from 0.
    """
    import numpy as np
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    has_group = groups >= 0
    distinct, group = np.unique(groups[has_group], return_inverse=True)
    starts = np.concatenate([of_row[has_group], similar[:, 0]])
    ends = np.concatenate([n_inputs + group, similar[:, 1]])
    graph = coo_matrix((np.ones(len(starts), np.int32), (starts, ends)), shape=[n_inputs + len(distinct)] * 2)
    component: NDArray[Any] = connected_components(graph, directed=False)[1][:n_inputs]
    return np.unique(component, return_inverse=True)[1]


def _order_components(
    component: NDArray[Any], keys: NDArray[Any], index: RowIndex, of_row: NDArray[Any], groups: NDArray[Any]
) -> NDArray[Any]:
    """The position of each component in the random order. Its key is its first group by name; without groups, its smallest input hash.

    Args:
        component: (inputs,) the component of each distinct input.
        keys: (inputs,) the hash of each distinct input.
        of_row: (rows,) the component of each row.
        groups: (rows,) the group of each row, -1 for none.
    """
    import numpy as np

    order = np.full(component.max() + 1, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(order, component, keys)
    names = index.group_names.texts()
    by_name = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names) + 1, np.int64)
    rank[by_name] = np.arange(len(names))
    rank[-1] = len(names)  # no group
    first = np.full(len(order), len(names), np.int64)
    np.minimum.at(first, of_row, rank[groups])
    for position in np.flatnonzero(first < len(names)):
        order[position] = seeded_rank_number(index.seed, "group " + names[by_name[first[position]]])
    positions = np.empty(len(order), np.int64)
    positions[np.argsort(order, kind="stable")] = np.arange(len(order))
    return positions


def _cut(
    rows: RowNumbers, clusters: _Clusters, shares: Mapping[SplitName, float], required: Sequence[SplitName]
) -> dict[SplitName, RowNumbers]:
    """Cut the order of clusters at the shares. A cluster belongs where its middle falls, so that no cluster size is favoured.

    Args:
        shares: with train last, which takes the remainder after rounding.
        required: splits that must not be empty.
    """
    import numpy as np

    names = list(shares)
    middles = (np.cumsum(clusters.sizes) - clusters.sizes / 2) / len(rows)
    part = np.minimum(np.searchsorted(list(accumulate(shares.values())), middles, side="right"), len(names) - 1)
    for name in required:
        if not (part == names.index(name)).any():  # few or large clusters: the split that can best spare one gives its smallest
            donor = max(range(len(names)), key=lambda p: int((part == p).sum()) - (names[p] in required))
            candidates = np.flatnonzero(part == donor)
            part[candidates[np.argmin(clusters.sizes[candidates])]] = names.index(name)
    return {name: rows[part[clusters.of_row] == i] for i, name in enumerate(names)}


def _too_few_clusters(index: RowIndex, rows: RowNumbers, file: str) -> str:
    advice = "Provide more data, or your own split: {train: …, test: …}"
    if len(rows) < 2:
        return f"{file}: {plural(len(rows), 'usable row')}, but train and test need at least one each. {advice}"
    groups = set(index.column("groups", rows).tolist()) - {-1}
    if len(groups) == 1:
        name = index.group_names.texts()[groups.pop()]
        return f"{file}: all {len(rows)} rows are in one group '{name}', and a group is never split. {advice}"
    if groups:
        linked_by = "the same or nearly the same inputs" if index.with_words else "the same inputs"
        return (
            f"{file}: the {len(groups)} groups are all linked by rows with {linked_by}, so none can go to test without "
            f"a copy remaining in train. {advice}"
        )
    if index.with_words:
        return (
            f"{file}: all {len(rows)} rows are linked by near duplicates, so none can go to test without a near copy remaining in train. "
            f"Remove 'near_duplicates: together'. {advice}"
        )
    return f"{file}: all {len(rows)} rows have the same inputs, so train and test cannot differ. Check the input column. {advice}"
