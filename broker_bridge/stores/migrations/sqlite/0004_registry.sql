ALTER TABLE gateway ADD COLUMN kelurahan TEXT NOT NULL DEFAULT '';
ALTER TABLE gateway ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;

ALTER TABLE asset ADD COLUMN kelurahan TEXT NOT NULL DEFAULT '';
ALTER TABLE asset ADD COLUMN planned_gateway TEXT NOT NULL DEFAULT '';
ALTER TABLE asset ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;

CREATE TABLE registry (
    number INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL,
    published_at TEXT NOT NULL,
    loaded_ms INTEGER NOT NULL
) STRICT;

-- What each registry changed, as it is since: the newest row of a name up to a number is how the
-- city's list had it then.
CREATE TABLE registry_change (
    number INTEGER NOT NULL REFERENCES registry (number),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('listed', 'unlisted', 'retired')),
    title TEXT NOT NULL,
    latitude REAL,
    longitude REAL,
    kelurahan TEXT NOT NULL,
    planned_gateway TEXT NOT NULL,
    PRIMARY KEY (kind, name, number)
) STRICT, WITHOUT ROWID;
