-- What the readings of one asset and quantity were in one hour (UTC), made by `nadi-bridge retain`.
-- `total`, `lowest` and `highest` are of those that are not suspect.
CREATE TABLE hourly (
    asset_id INTEGER NOT NULL,
    quantity_id INTEGER NOT NULL,
    hour_ms INTEGER NOT NULL,
    readings INTEGER NOT NULL,
    suspect INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    total REAL NOT NULL,
    lowest REAL,
    highest REAL,
    due INTEGER,
    PRIMARY KEY (asset_id, quantity_id, hour_ms)
) STRICT, WITHOUT ROWID;

-- Hours that were made already when one more reading of theirs came.
CREATE TABLE late_hour (
    asset_id INTEGER NOT NULL,
    hour_ms INTEGER NOT NULL,
    PRIMARY KEY (asset_id, hour_ms)
) STRICT, WITHOUT ROWID;

-- How far the hours are made and the readings gone. A reading before `announced_ms` is entered in
-- `late_hour` with it; hours before `hourly_ms` are made; what came in time before `raw_from_ms` is
-- no longer in `reading`, nor, of the hour that begins then, what is of assets up to `raw_asset`.
CREATE TABLE retention (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    announced_ms INTEGER NOT NULL DEFAULT -62135596800000,
    hourly_ms INTEGER NOT NULL DEFAULT -62135596800000,
    raw_from_ms INTEGER NOT NULL DEFAULT -62135596800000,
    raw_asset INTEGER NOT NULL DEFAULT 0,
    raw_days INTEGER,
    hourly_years INTEGER
) STRICT;

INSERT INTO retention (only_row) VALUES (1);

CREATE VIEW hourly_readings AS
SELECT
    strftime('%Y-%m-%dT%H:%M:%fZ', h.hour_ms / 1000.0, 'unixepoch') AS hour,
    a.kind,
    a.name AS asset,
    q.name AS quantity,
    q.unit,
    h.readings AS count,
    h.suspect,
    h.estimated,
    h.lowest AS min,
    h.total / nullif(h.readings - h.suspect, 0) AS mean,
    h.highest AS max,
    h.due,
    min(1.0 * h.readings / nullif(h.due, 0), 1) AS completeness,
    h.hour_ms
FROM hourly h
JOIN asset a ON a.id = h.asset_id
JOIN quantity q ON q.id = h.quantity_id;
