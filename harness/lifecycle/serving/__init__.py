"""Models of a registry in the tools that serve them: MLflow's model registry."""

from harness.lifecycle.serving.mirrored import MIRRORS, MirroredVersion, MirrorTarget, ServedModel, parse_mirror_target
from harness.lifecycle.serving.mlflow_mirror import MLflowMirror

__all__ = [
    "MIRRORS",
    "MLflowMirror",
    "MirrorTarget",
    "MirroredVersion",
    "ServedModel",
    "parse_mirror_target",
]
