-- Who asks for no gateway is not made to look it up: a reading's batch is always there, so an outer
-- join gives the same rows, and SQLite leaves out the last one that nobody asks for.
DROP VIEW readings;

CREATE VIEW readings AS
SELECT
    strftime('%Y-%m-%dT%H:%M:%fZ', r.observed_ms / 1000.0, 'unixepoch') AS observed_at,
    a.kind,
    a.name AS asset,
    q.name AS quantity,
    r.value,
    q.unit,
    CASE r.quality & 1 WHEN 0 THEN 'good' ELSE 'suspect' END AS quality,
    CASE r.quality >> 1 WHEN 0 THEN 'exact' WHEN 1 THEN 'repaired' ELSE 'estimated' END
        AS time_quality,
    g.name AS gateway,
    s.epoch,
    b.n,
    r.observed_ms,
    b.uncertainty_ms
FROM reading r
JOIN asset a ON a.id = r.asset_id
JOIN quantity q ON q.id = r.quantity_id
LEFT JOIN batch b ON b.id = r.batch_id
LEFT JOIN stream s ON s.id = b.stream_id
LEFT JOIN gateway g ON g.id = s.gateway_id;
