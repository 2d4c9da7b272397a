"""A layer of a key-value cache with room for the tokens to come. Imports transformers: import it where it is used."""

from __future__ import annotations

from typing import Any

from transformers.cache_utils import DynamicLayer


class RoomyLayer(DynamicLayer):  # type: ignore[misc]
    """Keys and values (B, heads, T, head size) as the beginning of tensors that are longer, so that new tokens need no copy of the old.

    `keys` and `values` are views of the tokens so far.
    """

    def __init__(self, keys: Any, values: Any, rows: int, width: int, room: int) -> None:
        """
        Args:
            keys, values: tensors of the same kind, such as those of a part of the rows.
            rows, width: B, and the tokens that `put` is going to fill, T.
            room: tokens that may follow.
        """
        super().__init__()
        self.lazy_initialization(keys, values)
        self._all_keys, self._all_values = (each.new_zeros(rows, each.shape[1], width + room, each.shape[3]) for each in (keys, values))
        self._view(width)

    def put(self, rows: Any, keys: Any, values: Any) -> None:
        """Put keys and values of some rows at the end of what this layer is to hold before new tokens follow."""
        width = self.keys.shape[2]
        self._all_keys[rows, :, width - keys.shape[2] : width] = keys
        self._all_values[rows, :, width - values.shape[2] : width] = values

    def update(self, key_states: Any, value_states: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Add tokens of every row; returns all keys and values."""
        begin = self.keys.shape[2]
        end = begin + key_states.shape[2]
        self._all_keys[:, :, begin:end] = key_states
        self._all_values[:, :, begin:end] = value_states
        self._view(end)
        return self.keys, self.values

    def reorder_cache(self, beam_idx: Any) -> None:
        """Keep these rows, in this order."""
        rows, length = beam_idx.to(self._all_keys.device), self.keys.shape[2]
        self._all_keys, self._all_values = self._all_keys.index_select(0, rows), self._all_values.index_select(0, rows)
        self._view(length)

    def _view(self, length: int) -> None:
        self.keys, self.values = self._all_keys[:, :, :length], self._all_values[:, :, :length]
