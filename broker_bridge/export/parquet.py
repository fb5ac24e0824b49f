"""Tables written as Parquet by pyarrow, which this module alone loads, when it is asked for."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from broker_bridge.export.tables import NO_COUNT, NO_MS, Column, Counts, Flags, Table, Times, Words
from broker_bridge.export.writing import Write
from broker_bridge.export.zoned import Clock


class Parquet:
    """One row group a block; instants are UTC, with the zone they are shown in."""

    def __init__(self, write: Write, clock: Clock) -> None:
        self._file = _Sink(write)
        self._clock = clock
        self._writer: Any = None

    def write(self, table: Table) -> None:
        """See `Writer.write`."""
        arrays = [_array(column, self._clock) for column in table.columns.values()]
        batch = pa.RecordBatch.from_arrays(arrays, names=list(table.columns))
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, batch.schema, compression="zstd")
        self._writer.write_batch(batch)

    def end(self) -> None:
        """See `Writer.end`."""
        self._writer.close()


class _Sink:
    """As much of a file as pyarrow wants of one that is only written."""

    closed = False

    def __init__(self, write: Write) -> None:
        self._write = write
        self._at = 0

    def write(self, data: bytes) -> int:
        """At the end."""
        self._write(data)
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        """How much there is."""
        return self._at

    def flush(self) -> None:
        """Whoever has the file does it."""

    def close(self) -> None:
        """Whoever has the file does it."""


def _array(column: Column, clock: Clock) -> Any:
    if isinstance(column, Times):
        kind = pa.timestamp("ms", tz=clock.zone.key)
        return pa.array(column.ms, pa.int64(), mask=column.ms == NO_MS).cast(kind)
    if isinstance(column, Words):
        at = pa.array(column.at.astype(np.int32), mask=column.at < 0)
        return pa.DictionaryArray.from_arrays(at, pa.array(column.words, pa.string()))
    if isinstance(column, Counts):
        return pa.array(column.values, pa.int64(), mask=column.values == NO_COUNT)
    if isinstance(column, Flags):
        return pa.array(column.values, pa.bool_())
    return pa.array(column.values, pa.float64(), mask=~np.isfinite(column.values))
