"""Splits the rows of files that are not split yet: rows that belong together stay together, and the same rows go the same way in
whatever order they stand.

Rows belong together when they share a group (a patient, a document) or when their inputs are the same, as those of references of one
example are (`check_folds` sees to it). Both relations are joined into clusters; the clusters are put in a random order that each one's
own key decides, and the order is cut at the shares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data.mapping import Index, order_of
from harness.errors import BenchError
from harness.types import SplitName, SplitSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.data.mapping import Places

SPARE_VALIDATION = 0.1


class _Clusters(NamedTuple):
    """Clusters in their random order: which one each row is in, and how many rows each has."""

    of_row: NDArray[Any]
    sizes: NDArray[Any]


def split_rows(index: Index, rows: Places, spec: SplitSpec, file: str) -> dict[SplitName, Places]:
    """Splits rows by shares; each split keeps their order.

    Raises:
        BenchError: there are not two clusters, one for train and one for test.
    """
    clusters = _clusters(index, rows)
    if len(clusters.sizes) < 2:
        raise BenchError(_too_few(index, rows, file))
    needed: list[SplitName] = ["test", "train"]
    if spec.validation > 0 and len(clusters.sizes) > 2:
        needed.append("validation")
    shares: dict[SplitName, float] = {"test": spec.test, "validation": spec.validation, "train": spec.train}
    return _cut(rows, clusters, shares, needed)


def spare_validation(index: Index, train: Places) -> tuple[Places, Places]:
    """Sets a tenth of train aside as validation, by clusters. Gives (train, validation); no validation if train is one cluster."""
    clusters = _clusters(index, train)
    if len(clusters.sizes) < 2:
        return train, train[:0]
    shares: dict[SplitName, float] = {"validation": SPARE_VALIDATION, "train": 1 - SPARE_VALIDATION}
    parts = _cut(train, clusters, shares, ["validation", "train"])
    return parts["train"], parts["validation"]


def _clusters(index: Index, rows: Places) -> _Clusters:
    """Connected components of 'same group' and 'same inputs', in the seed's random order."""
    import numpy as np

    # the hashes of the inputs are a random order already, and sorted they are that of clusters that nothing else joins
    keys, of_row = np.unique(index.column("inputs", rows), return_inverse=True)
    groups = index.column("groups", rows)
    if (groups >= 0).any():
        component = _components(len(keys), of_row, groups)
        of_row = _ordered(component, keys, index, component[of_row], groups)[component[of_row]]
    return _Clusters(of_row, np.bincount(of_row))


def _components(inputs: int, of_row: NDArray[Any], groups: NDArray[Any]) -> NDArray[Any]:
    """The component of each distinct input, in a graph of inputs and groups with an edge for every row that joins two."""
    import numpy as np
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    grouped = groups >= 0
    distinct, group = np.unique(groups[grouped], return_inverse=True)
    edges = (np.ones(len(group), np.int32), (of_row[grouped], inputs + group))
    graph = coo_matrix(edges, shape=[inputs + len(distinct)] * 2)
    component: NDArray[Any] = connected_components(graph, directed=False)[1][:inputs]
    return np.unique(component, return_inverse=True)[1]


def _ordered(component: NDArray[Any], keys: NDArray[Any], index: Index, of_row: NDArray[Any], groups: NDArray[Any]) -> NDArray[Any]:
    """The place of each component in the random order. Its key is its first group by name, else its first input by hash."""
    import numpy as np

    order = np.full(component.max() + 1, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(order, component, keys)
    names = index.group_names.texts()
    ranked = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names) + 1, np.int64)
    rank[ranked] = np.arange(len(names))
    rank[-1] = len(names)  # no group
    first = np.full(len(order), len(names), np.int64)
    np.minimum.at(first, of_row, rank[groups])
    for place in np.flatnonzero(first < len(names)):
        order[place] = order_of(index.seed, "group " + names[ranked[first[place]]])
    places = np.empty(len(order), np.int64)
    places[np.argsort(order, kind="stable")] = np.arange(len(order))
    return places


def _cut(rows: Places, clusters: _Clusters, shares: Mapping[SplitName, float], needed: Sequence[SplitName]) -> dict[SplitName, Places]:
    """A cluster goes where its middle falls when all clusters are laid end to end, so that no size of cluster is favoured."""
    import numpy as np

    names = list(shares)
    middles = (np.cumsum(clusters.sizes) - clusters.sizes / 2) / len(rows)
    # train comes last and takes what rounding leaves over
    part = np.minimum(np.searchsorted(list(accumulate(shares.values())), middles, side="right"), len(names) - 1)
    for name in needed:
        if not (part == names.index(name)).any():  # few or large clusters: the part that can best spare one gives its smallest
            donor = max(range(len(names)), key=lambda p: int((part == p).sum()) - (names[p] in needed))
            given = np.flatnonzero(part == donor)
            part[given[np.argmin(clusters.sizes[given])]] = names.index(name)
    return {name: rows[part[clusters.of_row] == i] for i, name in enumerate(names)}


def _too_few(index: Index, rows: Places, file: str) -> str:
    advice = "Give more data, or files of your own: {train: …, test: …}"
    if len(rows) < 2:
        return f"{file}: {len(rows)} usable row; train and test need at least one each. {advice}"
    groups = set(index.column("groups", rows).tolist()) - {-1}
    if len(groups) == 1:
        name = index.group_names.texts()[groups.pop()]
        return f"{file}: all {len(rows)} rows are of one group '{name}', and a group is never split over train and test. {advice}"
    if groups:
        return (
            f"{file}: the {len(groups)} groups are all linked by rows with the same inputs, so none can go to test without "
            f"its twin staying in train. {advice}"
        )
    return f"{file}: all {len(rows)} rows have the same inputs, so train and test cannot differ. Is the right column mapped? {advice}"
