"""One model on several processes, each with a device of its own: who takes part, who holds which rows of a weight in training and which
layers in answering, and whole tensors."""

from harness.engine.distributed.layer_parts import can_stage, stage
from harness.engine.distributed.process_group import ONE_PROCESS, ProcessGroup, join_group
from harness.engine.distributed.sharding import can_shard, is_sharded, shard
from harness.engine.distributed.whole_tensors import (
    StateRows,
    copy_stored,
    is_divided,
    like_parameter,
    local_part,
    whole_tensor,
    write_whole_tensors,
)

__all__ = [
    "ONE_PROCESS",
    "ProcessGroup",
    "StateRows",
    "can_shard",
    "can_stage",
    "copy_stored",
    "is_divided",
    "is_sharded",
    "join_group",
    "like_parameter",
    "local_part",
    "shard",
    "stage",
    "whole_tensor",
    "write_whole_tensors",
]
