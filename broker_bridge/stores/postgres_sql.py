"""Statements of the ingest on PostgreSQL; a group costs the same few, whatever its size."""

from collections.abc import Iterable, Sequence


def arrays(rows: Iterable[Sequence[object]]) -> list[list[object]]:
    """What `unnest` takes: an array of each column of the rows, of which there is one at least."""
    return [list(column) for column in zip(*rows, strict=True)]


# Known rows are looked for first: a conflict would use up an id of its table each time.
ADD_GATEWAYS = """
INSERT INTO gateway (name)
SELECT w.name FROM unnest(%s::text[]) w (name)
WHERE NOT EXISTS (SELECT 1 FROM gateway g WHERE g.name = w.name) ORDER BY w.name
ON CONFLICT (name) DO NOTHING
"""
LOCK_GATEWAYS = """
SELECT name, id FROM gateway WHERE name = ANY(%s::text[]) ORDER BY name FOR UPDATE
"""

ADD_STREAMS = """
INSERT INTO stream (gateway_id, epoch)
SELECT w.gateway_id, w.epoch FROM unnest(%s::bigint[], %s::text[]) w (gateway_id, epoch)
ON CONFLICT (gateway_id, epoch) DO NOTHING
"""
HOLD_STREAMS = """
UPDATE stream s SET held = true
FROM unnest(%s::bigint[], %s::text[]) w (gateway_id, epoch)
WHERE s.gateway_id = w.gateway_id AND s.epoch = w.epoch AND NOT s.held
"""
STREAMS = """
SELECT g.name, s.epoch, s.id, s.committed
FROM unnest(%s::bigint[], %s::text[]) w (gateway_id, epoch)
JOIN stream s ON s.gateway_id = w.gateway_id AND s.epoch = w.epoch
JOIN gateway g ON g.id = s.gateway_id
"""
EXTEND_LEDGER = """
UPDATE stream s SET committed = s.committed + w.numbers::int8multirange,
    boot = coalesce(s.boot, w.boot)
FROM unnest(%s::bigint[], %s::text[], %s::text[]) w (stream_id, numbers, boot)
WHERE s.id = w.stream_id
"""
NAME_PARENT = "UPDATE stream SET parent_epoch = %s, parent_n = %s WHERE id = %s"
DIGESTS = """
SELECT b.stream_id, b.n, b.sha256
FROM unnest(%s::bigint[], %s::bigint[]) w (stream_id, n)
JOIN batch b ON b.stream_id = w.stream_id AND b.n = w.n
"""

# Exact to the millisecond: to_timestamp would go through a float.
INSTANT = "(timestamptz '2000-01-01 00:00:00Z' + ({ms} - 946684800000) * interval '1 millisecond')"
ASSET_NAMES = "SELECT kind, name FROM asset WHERE id = ANY(%s::int[])"

ADD_ASSETS = """
INSERT INTO asset (kind, name)
SELECT w.kind, w.name FROM unnest(%s::text[], %s::text[]) w (kind, name)
WHERE NOT EXISTS (SELECT 1 FROM asset a WHERE a.kind = w.kind AND a.name = w.name)
ORDER BY w.kind, w.name ON CONFLICT (kind, name) DO NOTHING
"""
ASSETS = """
SELECT a.kind, a.name, a.id FROM unnest(%s::text[], %s::text[]) w (kind, name)
JOIN asset a ON a.kind = w.kind AND a.name = w.name
"""
ADD_QUANTITIES = """
INSERT INTO quantity (name)
SELECT w.name FROM unnest(%s::text[]) w (name)
WHERE NOT EXISTS (SELECT 1 FROM quantity q WHERE q.name = w.name) ORDER BY w.name
ON CONFLICT (name) DO NOTHING
"""
QUANTITIES = "SELECT name, id FROM quantity WHERE name = ANY(%s::text[])"

ADD_BATCHES = """
INSERT INTO batch (stream_id, n, sha256, readings, events, sealed_readings, sealed_events, boot_id,
    uncertainty_ms)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
ON CONFLICT (stream_id, n) DO NOTHING RETURNING id, stream_id, n
"""
FORGET_REJECTIONS = """
DELETE FROM rejection r USING unnest(%s::bigint[], %s::bigint[]) w (stream_id, n)
WHERE r.stream_id = w.stream_id AND r.n = w.n
"""
RENEW_LATEST = f"""
INSERT INTO asset_latest (asset_id, quantity_id, observed_at, value, quality, gateway_id)
SELECT w.asset_id, w.quantity_id, {INSTANT.format(ms="w.ms")}, w.value, w.quality, w.gateway_id
FROM unnest(%s::int[], %s::smallint[], %s::bigint[], %s::float8[], %s::smallint[], %s::bigint[])
    w (asset_id, quantity_id, ms, value, quality, gateway_id)
ORDER BY w.asset_id, w.quantity_id
ON CONFLICT (asset_id, quantity_id) DO UPDATE SET observed_at = excluded.observed_at,
    value = excluded.value, quality = excluded.quality, gateway_id = excluded.gateway_id
WHERE excluded.observed_at > asset_latest.observed_at
RETURNING asset_id
"""  # noqa: S608 - made of constants
ADD_EVENT = f"""
INSERT INTO event (name, asset_id, gateway_id, batch_id, boot_id, type, phase, at_ms,
    observed_at, time_quality, detail)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, {INSTANT.format(ms="%s::bigint")}, %s, %s)
"""  # noqa: S608 - made of constants
END_EVENT = """
UPDATE event SET ended = true
WHERE asset_id = %(asset)s AND name = %(name)s AND phase = 'begin' AND NOT ended AND EXISTS
    (SELECT 1 FROM event WHERE asset_id = %(asset)s AND name = %(name)s AND phase = 'end')
"""

REJECT = """
INSERT INTO rejection (stream_id, n, sha256, reason)
SELECT %(stream)s, %(n)s, %(sha256)s, %(reason)s
WHERE NOT EXISTS (SELECT 1 FROM batch WHERE stream_id = %(stream)s AND n = %(n)s)
ON CONFLICT (stream_id, n) DO UPDATE SET sha256 = excluded.sha256, reason = excluded.reason
"""

NEXT_VERSIONS = """
UPDATE gateway SET receipt_version =
    greatest(receipt_version + 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
WHERE id = ANY(%s::bigint[]) RETURNING id, name, receipt_version
"""
HELD = """
SELECT gateway_id, id, epoch, sealed, committed, lost FROM stream
WHERE gateway_id = ANY(%s::bigint[]) AND held ORDER BY id
"""
REJECTIONS = """
SELECT r.stream_id, r.n, r.sha256, r.reason
FROM rejection r JOIN stream s ON s.id = r.stream_id
WHERE s.gateway_id = ANY(%s::bigint[]) AND s.held ORDER BY r.stream_id, r.n
"""
