-- What the readings of one asset and quantity were in one hour (UTC), made by `nadi-bridge retain`.
-- `total`, `lowest` and `highest` are of those that are not suspect. One partition a month.
CREATE TABLE hourly (
    hour timestamptz NOT NULL,
    total double precision NOT NULL,
    lowest double precision,
    highest double precision,
    asset_id integer NOT NULL,
    readings integer NOT NULL,
    suspect integer NOT NULL,
    estimated integer NOT NULL,
    due integer,
    quantity_id smallint NOT NULL,
    PRIMARY KEY (asset_id, quantity_id, hour)
) PARTITION BY RANGE (hour);

CREATE TABLE hourly_elsewhen PARTITION OF hourly DEFAULT;

-- Hours that were made already when one more reading of theirs came; the same one may stand here
-- several times.
CREATE TABLE late_hour (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asset_id integer NOT NULL,
    hour timestamptz NOT NULL
);

-- How far the hours are made and the readings gone, in milliseconds since 1970 UTC. A reading before
-- `announced_ms` is entered in `late_hour` with it; hours before `hourly_ms` are made; what came in
-- time before `raw_from_ms` is no longer in `reading`.
CREATE TABLE retention (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    announced_ms bigint NOT NULL DEFAULT -62135596800000,
    hourly_ms bigint NOT NULL DEFAULT -62135596800000,
    raw_from_ms bigint NOT NULL DEFAULT -62135596800000,
    raw_days integer,
    hourly_years integer
);

INSERT INTO retention DEFAULT VALUES;

CREATE VIEW hourly_readings AS
SELECT
    h.hour,
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
    CASE WHEN h.due > 0 THEN least(h.readings::double precision / h.due, 1) END AS completeness
FROM hourly h
JOIN asset a ON a.id = h.asset_id
JOIN quantity q ON q.id = h.quantity_id;
