CREATE TABLE gateway (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    registered boolean NOT NULL DEFAULT false,
    title text NOT NULL DEFAULT '',
    latitude double precision,
    longitude double precision,
    receipt_version bigint NOT NULL DEFAULT 0,
    holding_revision bigint NOT NULL DEFAULT 0,
    status text,
    heard_at timestamptz
);

CREATE TABLE stream (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway_id bigint NOT NULL REFERENCES gateway (id),
    epoch text NOT NULL,
    held boolean NOT NULL DEFAULT true,
    statement text,
    sealed bigint NOT NULL DEFAULT 0,
    sealed_readings bigint NOT NULL DEFAULT 0,
    sealed_events bigint NOT NULL DEFAULT 0,
    committed int8multirange NOT NULL DEFAULT '{}',
    lost int8multirange NOT NULL DEFAULT '{}',
    parent_epoch text,
    parent_n bigint,
    UNIQUE (gateway_id, epoch)
);

CREATE TABLE boot (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway_id bigint NOT NULL REFERENCES gateway (id),
    boot text NOT NULL,
    origin_ms bigint,
    uncertainty_ms bigint,
    revision bigint NOT NULL DEFAULT 0,
    UNIQUE (gateway_id, boot)
);

CREATE TABLE batch (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream_id bigint NOT NULL REFERENCES stream (id),
    n bigint NOT NULL,
    sha256 text NOT NULL,
    readings bigint NOT NULL,
    events bigint NOT NULL,
    sealed_readings bigint NOT NULL,
    sealed_events bigint NOT NULL,
    boot_id bigint NOT NULL REFERENCES boot (id),
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (stream_id, n)
);

CREATE TABLE asset (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    name text NOT NULL,
    registered boolean NOT NULL DEFAULT false,
    title text NOT NULL DEFAULT '',
    latitude double precision,
    longitude double precision,
    UNIQUE (kind, name)
);

CREATE INDEX asset_by_name ON asset (name);

CREATE TABLE quantity (
    id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    unit text NOT NULL DEFAULT ''
);

-- One partition a month, made by the program as it needs them; instants that no clock of a city
-- can mean go to the default one. Batches come once by the ledger, so a row needs no unique key.
CREATE TABLE reading (
    observed_at timestamptz NOT NULL,
    value double precision NOT NULL,
    batch_id bigint NOT NULL,
    asset_id integer NOT NULL,
    quantity_id smallint NOT NULL,
    quality smallint NOT NULL
) PARTITION BY RANGE (observed_at);

CREATE INDEX reading_by_asset ON reading (asset_id, observed_at);

CREATE TABLE reading_elsewhen PARTITION OF reading DEFAULT;

CREATE TABLE undated (
    at_ms bigint NOT NULL,
    value double precision NOT NULL,
    batch_id bigint NOT NULL,
    boot_id bigint NOT NULL,
    asset_id integer NOT NULL,
    quantity_id smallint NOT NULL,
    quality smallint NOT NULL
);

CREATE INDEX undated_by_boot ON undated (boot_id);

CREATE TABLE asset_latest (
    asset_id integer NOT NULL REFERENCES asset (id),
    quantity_id smallint NOT NULL REFERENCES quantity (id),
    observed_at timestamptz NOT NULL,
    value double precision NOT NULL,
    quality smallint NOT NULL,
    gateway_id bigint NOT NULL REFERENCES gateway (id),
    PRIMARY KEY (asset_id, quantity_id)
) WITH (fillfactor = 50);

CREATE TABLE event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    asset_id integer NOT NULL REFERENCES asset (id),
    gateway_id bigint NOT NULL REFERENCES gateway (id),
    batch_id bigint NOT NULL REFERENCES batch (id),
    boot_id bigint NOT NULL REFERENCES boot (id),
    type text NOT NULL,
    phase text NOT NULL CHECK (phase IN ('begin', 'end')),
    at_ms bigint NOT NULL,
    observed_at timestamptz,
    time_quality smallint,
    detail text NOT NULL,
    ended boolean NOT NULL DEFAULT false
);

CREATE INDEX event_by_asset ON event (asset_id, name);
CREATE INDEX event_open ON event (asset_id) WHERE phase = 'begin' AND NOT ended;
CREATE INDEX event_undated ON event (boot_id) WHERE observed_at IS NULL;

CREATE TABLE rejection (
    stream_id bigint NOT NULL REFERENCES stream (id),
    n bigint NOT NULL,
    sha256 text NOT NULL,
    reason text NOT NULL,
    rejected_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (stream_id, n)
);

CREATE TABLE quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    topic text NOT NULL,
    gateway text NOT NULL,
    reason text NOT NULL,
    header text NOT NULL,
    body bytea NOT NULL,
    bytes bigint NOT NULL
);

CREATE INDEX quarantine_by_gateway ON quarantine (gateway, id);

CREATE TABLE quarantine_tally (
    gateway text PRIMARY KEY,
    items bigint NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    dropped bigint NOT NULL DEFAULT 0
);

CREATE VIEW readings AS
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
    b.n
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
    l.observed_at,
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
    e.observed_at AS began_at,
    CASE e.time_quality WHEN 0 THEN 'exact' WHEN 1 THEN 'repaired' WHEN 2 THEN 'estimated' END
        AS time_quality,
    e.detail,
    g.name AS gateway,
    e.name AS id
FROM event e
JOIN asset a ON a.id = e.asset_id
JOIN gateway g ON g.id = e.gateway_id
WHERE e.phase = 'begin' AND NOT e.ended;
