"""Cells on the nodes of a Ray cluster."""

from harness.grid.cluster.ray_cluster import RayCluster, open_ray_cluster

__all__ = ["RayCluster", "open_ray_cluster"]
