"""What `store.partitioning` asks of the database is there, or one sentence says what is not."""

from typing import Any, Literal

from psycopg import Cursor

from broker_bridge.errors import StoreGone
from broker_bridge.language import mark

Partitioning = Literal["native", "timescale", "citus"]

_EXTENSIONS = {"timescale": "timescaledb", "citus": "citus"}
_HAS_EXTENSION = "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = %s)"
# Citus keeps one row a distributed table here; its distribution key stands in `partkey`.
_NOT_DISTRIBUTED = """
SELECT t.name FROM unnest(%s::text[]) t (name)
WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition d
    WHERE d.logicalrelid = t.name::regclass AND d.partmethod = 'h')
"""
_SPREAD = ["reading", "hourly"]


def check_partitioning(cursor: Cursor[Any], wanted: Partitioning) -> None:
    """Raises StoreGone; months are PostgreSQL's own partitions whatever is wanted."""
    if wanted == "native":
        return
    extension = _EXTENSIONS[wanted]
    (there,) = cursor.execute(_HAS_EXTENSION, (extension,)).fetchone() or (False,)
    if not there:
        raise StoreGone(
            mark("store.partitioning = {wanted}, but the database has no extension {extension}"),
            hint=mark(
                'install it and CREATE EXTENSION {extension}, or say partitioning = "native"'
            ),
            wanted=wanted,
            extension=extension,
        )
    if wanted == "timescale":
        raise StoreGone(
            mark(
                "store.partitioning = timescale: this store keeps its months as PostgreSQL's"
                " own partitions, which timescaledb cannot take over"
            ),
            hint=mark(
                'say partitioning = "native"; docs/operations.md says when Timescale would help'
            ),
        )
    missing = [name for (name,) in cursor.execute(_NOT_DISTRIBUTED, (_SPREAD,)).fetchall()]
    if missing:
        raise StoreGone(
            mark("store.partitioning = citus, but these lie on one machine: {tables}"),
            hint=mark("with all bridges stopped: {statements}"),
            tables=", ".join(missing),
            statements=" ".join(
                f"SELECT create_distributed_table('{one}', 'asset_id');" for one in missing
            ),
        )
