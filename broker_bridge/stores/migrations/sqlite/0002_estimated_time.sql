ALTER TABLE boot ADD COLUMN seen_ms INTEGER;
ALTER TABLE boot ADD COLUMN first_ms INTEGER;
ALTER TABLE boot ADD COLUMN last_ms INTEGER;
ALTER TABLE boot ADD COLUMN latest_origin_ms INTEGER;
ALTER TABLE boot ADD COLUMN floor_ms INTEGER;
ALTER TABLE boot ADD COLUMN first_observed_ms INTEGER;
ALTER TABLE boot ADD COLUMN last_observed_ms INTEGER;

ALTER TABLE stream ADD COLUMN boot TEXT;

ALTER TABLE batch ADD COLUMN uncertainty_ms INTEGER;

UPDATE boot SET
    first_ms = (SELECT min(at_ms) FROM undated WHERE boot_id = boot.id),
    last_ms = (SELECT max(at_ms) FROM undated WHERE boot_id = boot.id),
    latest_origin_ms = (SELECT min(b.stored_ms - u.at_ms) FROM undated u
        JOIN batch b ON b.id = u.batch_id WHERE u.boot_id = boot.id)
WHERE origin_ms IS NULL;

UPDATE stream SET boot = (SELECT o.boot FROM batch b JOIN boot o ON o.id = b.boot_id
    WHERE b.stream_id = stream.id LIMIT 1);

CREATE INDEX boot_without_origin ON boot (gateway_id) WHERE origin_ms IS NULL;

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
JOIN batch b ON b.id = r.batch_id
JOIN stream s ON s.id = b.stream_id
JOIN gateway g ON g.id = s.gateway_id;
