ALTER TABLE gateway
    ADD COLUMN kelurahan text NOT NULL DEFAULT '',
    ADD COLUMN retired boolean NOT NULL DEFAULT false;

ALTER TABLE asset
    ADD COLUMN kelurahan text NOT NULL DEFAULT '',
    ADD COLUMN planned_gateway text NOT NULL DEFAULT '',
    ADD COLUMN retired boolean NOT NULL DEFAULT false;

CREATE TABLE registry (
    number bigint PRIMARY KEY,
    sha256 text NOT NULL,
    published_at timestamptz NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What each registry changed, as it is since: the newest row of a name up to a number is how the
-- city's list had it then.
CREATE TABLE registry_change (
    number bigint NOT NULL REFERENCES registry (number),
    kind text NOT NULL,
    name text NOT NULL,
    state text NOT NULL CHECK (state IN ('listed', 'unlisted', 'retired')),
    title text NOT NULL,
    latitude double precision,
    longitude double precision,
    kelurahan text NOT NULL,
    planned_gateway text NOT NULL,
    PRIMARY KEY (kind, name, number)
);
