"""Splits one file: rows that belong together stay together, and the same rows go the same way in whatever order they stand.

Rows belong together when they share a group (a patient, a document) or when their inputs are the same. Both relations are joined
into clusters; the clusters are put in a random order that each one's own key decides, and the order is cut at the shares.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate

from harness.data.digests import keyed_order, same_inputs_key
from harness.errors import BenchError
from harness.types import Example, SplitName, SplitSpec

Cluster = list[int]  # places of rows in the file
SPARE_VALIDATION = 0.1


def split_rows(rows: Sequence[Example], spec: SplitSpec, file: str) -> dict[SplitName, list[Example]]:
    """Splits the rows of one file by shares; each split keeps the file's order.

    Raises:
        BenchError: there are not two clusters, one for train and one for test.
    """
    clusters = _ordered_clusters(rows, spec.seed)
    if len(clusters) < 2:
        raise BenchError(_too_few(rows, file))
    needed: list[SplitName] = ["test", "train"]
    if spec.validation > 0 and len(clusters) > 2:
        needed.append("validation")
    shares: dict[SplitName, float] = {"test": spec.test, "validation": spec.validation, "train": spec.train}
    return _cut(rows, clusters, shares, needed)


def spare_validation(train: Sequence[Example], seed: int) -> tuple[list[Example], list[Example]]:
    """Sets a tenth of train aside as validation, by clusters. Gives (train, validation); no validation if train is one cluster."""
    clusters = _ordered_clusters(train, seed)
    if len(clusters) < 2:
        return list(train), []
    shares: dict[SplitName, float] = {"validation": SPARE_VALIDATION, "train": 1 - SPARE_VALIDATION}
    parts = _cut(train, clusters, shares, ["validation", "train"])
    return parts["train"], parts["validation"]


def _ordered_clusters(rows: Sequence[Example], seed: int) -> list[Cluster]:
    """Connected components of 'same group' and 'same inputs', in the seed's random order."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]  # halve the path
            key = parent[key]
        return key

    anchors = []
    for row in rows:
        by_inputs = "inputs " + same_inputs_key(row)
        parent.setdefault(by_inputs, by_inputs)
        anchors.append(by_inputs)
        if row.group is not None:
            by_group = "group " + row.group
            parent.setdefault(by_group, by_group)
            # the smaller key becomes the root, so that a cluster's key is its smallest, in whatever order the rows come
            low, high = sorted((root(by_inputs), root(by_group)))
            parent[high] = low
    clusters: dict[str, Cluster] = defaultdict(list)
    for place, anchor in enumerate(anchors):
        clusters[root(anchor)].append(place)
    return [clusters[key] for key in sorted(clusters, key=lambda key: keyed_order(seed, key))]


def _cut(
    rows: Sequence[Example], clusters: Sequence[Cluster], shares: Mapping[SplitName, float], needed: Sequence[SplitName]
) -> dict[SplitName, list[Example]]:
    """A cluster goes where its middle falls when all clusters are laid end to end, so that no size of cluster is favoured."""
    parts: dict[SplitName, list[Cluster]] = {name: [] for name in shares}
    ends = list(zip(shares, accumulate(shares.values()), strict=True))
    start = 0
    for cluster in clusters:
        middle = (start + len(cluster) / 2) / len(rows)
        start += len(cluster)
        # train comes last and takes what rounding leaves over
        parts[next((name for name, end in ends if middle < end), "train")].append(cluster)
    for name in needed:
        if not parts[name]:  # few or large clusters: the part that can best spare one gives its smallest
            donor = parts[max(parts, key=lambda part: len(parts[part]) - (part in needed))]
            smallest = min(donor, key=len)
            donor.remove(smallest)
            parts[name].append(smallest)
    return {name: [rows[place] for place in sorted(place for cluster in part for place in cluster)] for name, part in parts.items()}


def _too_few(rows: Sequence[Example], file: str) -> str:
    advice = "Give more data, or files of your own: {train: …, test: …}"
    if len(rows) < 2:
        return f"{file}: {len(rows)} usable row; train and test need at least one each. {advice}"
    groups = {row.group for row in rows if row.group is not None}
    if len(groups) == 1:
        return f"{file}: all {len(rows)} rows are of one group '{groups.pop()}', and a group is never split over train and test. {advice}"
    if groups:
        return (
            f"{file}: the {len(groups)} groups are all linked by rows with the same inputs, so none can go to test without "
            f"its twin staying in train. {advice}"
        )
    return f"{file}: all {len(rows)} rows have the same inputs, so train and test cannot differ. Is the right column mapped? {advice}"
