ALTER TABLE boot
    ADD COLUMN seen_ms bigint,
    ADD COLUMN first_ms bigint,
    ADD COLUMN last_ms bigint,
    ADD COLUMN latest_origin_ms bigint,
    ADD COLUMN floor_ms bigint,
    ADD COLUMN first_observed_ms bigint,
    ADD COLUMN last_observed_ms bigint;

ALTER TABLE stream ADD COLUMN boot text;

ALTER TABLE batch ADD COLUMN uncertainty_ms bigint;

UPDATE boot o SET first_ms = w.first_ms, last_ms = w.last_ms, latest_origin_ms = w.latest_ms
FROM (SELECT u.boot_id, min(u.at_ms) AS first_ms, max(u.at_ms) AS last_ms,
        min((extract(epoch FROM b.stored_at) * 1000)::bigint - u.at_ms) AS latest_ms
    FROM undated u JOIN batch b ON b.id = u.batch_id GROUP BY u.boot_id) w
WHERE w.boot_id = o.id;

UPDATE stream s SET boot = w.boot
FROM (SELECT DISTINCT b.stream_id, o.boot FROM batch b JOIN boot o ON o.id = b.boot_id) w
WHERE w.stream_id = s.id;

CREATE INDEX boot_without_origin ON boot (gateway_id) WHERE origin_ms IS NULL;

CREATE OR REPLACE VIEW readings AS
SELECT
    r.observed_at,
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
    b.uncertainty_ms
FROM reading r
JOIN asset a ON a.id = r.asset_id
JOIN quantity q ON q.id = r.quantity_id
JOIN batch b ON b.id = r.batch_id
JOIN stream s ON s.id = b.stream_id
JOIN gateway g ON g.id = s.gateway_id;
