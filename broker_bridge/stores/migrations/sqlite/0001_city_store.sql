CREATE TABLE gateway (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    registered INTEGER NOT NULL DEFAULT 0,
    title TEXT NOT NULL DEFAULT '',
    latitude REAL,
    longitude REAL,
    receipt_version INTEGER NOT NULL DEFAULT 0,
    holding_revision INTEGER NOT NULL DEFAULT 0,
    status TEXT,
    heard_ms INTEGER
) STRICT;

CREATE TABLE stream (
    id INTEGER PRIMARY KEY,
    gateway_id INTEGER NOT NULL REFERENCES gateway (id),
    epoch TEXT NOT NULL,
    held INTEGER NOT NULL DEFAULT 1,
    statement TEXT,
    sealed INTEGER NOT NULL DEFAULT 0,
    sealed_readings INTEGER NOT NULL DEFAULT 0,
    sealed_events INTEGER NOT NULL DEFAULT 0,
    lost TEXT NOT NULL DEFAULT '[]',
    parent_epoch TEXT,
    parent_n INTEGER,
    UNIQUE (gateway_id, epoch)
) STRICT;

CREATE TABLE ledger (
    stream_id INTEGER NOT NULL REFERENCES stream (id),
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (stream_id, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE boot (
    id INTEGER PRIMARY KEY,
    gateway_id INTEGER NOT NULL REFERENCES gateway (id),
    boot TEXT NOT NULL,
    origin_ms INTEGER,
    uncertainty_ms INTEGER,
    revision INTEGER NOT NULL DEFAULT 0,
    UNIQUE (gateway_id, boot)
) STRICT;

CREATE TABLE batch (
    id INTEGER PRIMARY KEY,
    stream_id INTEGER NOT NULL REFERENCES stream (id),
    n INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    readings INTEGER NOT NULL,
    events INTEGER NOT NULL,
    sealed_readings INTEGER NOT NULL,
    sealed_events INTEGER NOT NULL,
    boot_id INTEGER NOT NULL REFERENCES boot (id),
    stored_ms INTEGER NOT NULL,
    UNIQUE (stream_id, n)
) STRICT;

CREATE TABLE asset (
    id INTEGER PRIMARY KEY CHECK (id < 2147483648),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    registered INTEGER NOT NULL DEFAULT 0,
    title TEXT NOT NULL DEFAULT '',
    latitude REAL,
    longitude REAL,
    UNIQUE (kind, name)
) STRICT;

CREATE INDEX asset_by_name ON asset (name);

CREATE TABLE quantity (
    id INTEGER PRIMARY KEY CHECK (id < 32768),
    name TEXT NOT NULL UNIQUE,
    unit TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE reading (
    observed_ms INTEGER NOT NULL,
    value REAL NOT NULL,
    batch_id INTEGER NOT NULL,
    asset_id INTEGER NOT NULL,
    quantity_id INTEGER NOT NULL,
    quality INTEGER NOT NULL
) STRICT;

CREATE INDEX reading_by_asset ON reading (asset_id, observed_ms);

CREATE TABLE undated (
    at_ms INTEGER NOT NULL,
    value REAL NOT NULL,
    batch_id INTEGER NOT NULL,
    boot_id INTEGER NOT NULL,
    asset_id INTEGER NOT NULL,
    quantity_id INTEGER NOT NULL,
    quality INTEGER NOT NULL
) STRICT;

CREATE INDEX undated_by_boot ON undated (boot_id);

CREATE TABLE asset_latest (
    asset_id INTEGER NOT NULL REFERENCES asset (id),
    quantity_id INTEGER NOT NULL REFERENCES quantity (id),
    observed_ms INTEGER NOT NULL,
    value REAL NOT NULL,
    quality INTEGER NOT NULL,
    gateway_id INTEGER NOT NULL REFERENCES gateway (id),
    PRIMARY KEY (asset_id, quantity_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    asset_id INTEGER NOT NULL REFERENCES asset (id),
    gateway_id INTEGER NOT NULL REFERENCES gateway (id),
    batch_id INTEGER NOT NULL REFERENCES batch (id),
    boot_id INTEGER NOT NULL REFERENCES boot (id),
    type TEXT NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('begin', 'end')),
    at_ms INTEGER NOT NULL,
    observed_ms INTEGER,
    time_quality INTEGER,
    detail TEXT NOT NULL,
    ended INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX event_by_asset ON event (asset_id, name);
CREATE INDEX event_open ON event (asset_id) WHERE phase = 'begin' AND NOT ended;
CREATE INDEX event_undated ON event (boot_id) WHERE observed_ms IS NULL;

CREATE TABLE rejection (
    stream_id INTEGER NOT NULL REFERENCES stream (id),
    n INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    reason TEXT NOT NULL,
    rejected_ms INTEGER NOT NULL,
    PRIMARY KEY (stream_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_ms INTEGER NOT NULL,
    topic TEXT NOT NULL,
    gateway TEXT NOT NULL,
    reason TEXT NOT NULL,
    header TEXT NOT NULL,
    body BLOB NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;

CREATE INDEX quarantine_by_gateway ON quarantine (gateway, id);

CREATE TABLE quarantine_tally (
    gateway TEXT PRIMARY KEY,
    items INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

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
    r.observed_ms
FROM reading r
JOIN asset a ON a.id = r.asset_id
JOIN quantity q ON q.id = r.quantity_id
JOIN batch b ON b.id = r.batch_id
JOIN stream s ON s.id = b.stream_id
JOIN gateway g ON g.id = s.gateway_id;

CREATE VIEW latest AS
SELECT
    a.kind,
    a.name AS asset,
    q.name AS quantity,
    l.value,
    q.unit,
    CASE l.quality & 1 WHEN 0 THEN 'good' ELSE 'suspect' END AS quality,
    CASE l.quality >> 1 WHEN 0 THEN 'exact' WHEN 1 THEN 'repaired' ELSE 'estimated' END
        AS time_quality,
    strftime('%Y-%m-%dT%H:%M:%fZ', l.observed_ms / 1000.0, 'unixepoch') AS observed_at,
    g.name AS gateway,
    a.registered,
    a.title,
    a.latitude,
    a.longitude
FROM asset_latest l
JOIN asset a ON a.id = l.asset_id
JOIN quantity q ON q.id = l.quantity_id
JOIN gateway g ON g.id = l.gateway_id;

CREATE VIEW open_events AS
SELECT
    a.kind,
    a.name AS asset,
    e.type,
    strftime('%Y-%m-%dT%H:%M:%fZ', e.observed_ms / 1000.0, 'unixepoch') AS began_at,
    CASE e.time_quality WHEN 0 THEN 'exact' WHEN 1 THEN 'repaired' WHEN 2 THEN 'estimated' END
        AS time_quality,
    e.detail,
    g.name AS gateway,
    e.name AS id
FROM event e
JOIN asset a ON a.id = e.asset_id
JOIN gateway g ON g.id = e.gateway_id
WHERE e.phase = 'begin' AND NOT e.ended;
