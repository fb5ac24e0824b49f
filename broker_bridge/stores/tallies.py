"""How many assets of each kind are well, faulty and silent, asked alike of either store."""

from collections.abc import Iterable
from typing import Any, Final

from broker_bridge.store import Tally
from contract.identity import Kind

# What is retired is not counted. `{since}`: what was observed before it is silent now.
_TALLIES: Final = """
SELECT kind, sum(CASE WHEN heard AND NOT open THEN 1 ELSE 0 END),
    sum(CASE WHEN heard AND open THEN 1 ELSE 0 END), sum(CASE WHEN heard THEN 0 ELSE 1 END)
FROM (SELECT a.kind AS kind,
        EXISTS (SELECT 1 FROM asset_latest l
            WHERE l.asset_id = a.id AND l.{observed} >= {since}) AS heard,
        EXISTS (SELECT 1 FROM event e
            WHERE e.asset_id = a.id AND e.phase = 'begin' AND NOT e.ended) AS open
    FROM asset a WHERE NOT a.retired AND a.kind <> 'gateway'
    UNION ALL
    SELECT 'gateway', coalesce({state} = 'online', {no}), coalesce({faults} <> '[]', {no})
    FROM gateway WHERE NOT retired) s
GROUP BY kind ORDER BY kind
"""
SQLITE: Final = _TALLIES.format(
    observed="observed_ms", since="?", no="0", state="json_extract(status, '$.state')",
    faults="json_extract(status, '$.faults')",
)  # fmt: skip
POSTGRESQL: Final = _TALLIES.format(
    observed="observed_at", since="clock_timestamp() - %s * interval '1 second'", no="false",
    state="status::jsonb ->> 'state'", faults="status::jsonb ->> 'faults'",
)  # fmt: skip


def tallies_of(rows: Iterable[tuple[Any, ...]]) -> list[Tally]:
    """From the rows of either question."""
    return [
        Tally(kind=Kind(kind), well=int(well), faulty=int(faulty), silent=int(silent))
        for kind, well, faulty, silent in rows
    ]
