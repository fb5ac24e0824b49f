CREATE TABLE gateway (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    latitude REAL,
    longitude REAL,
    kelurahan TEXT NOT NULL,
    retired INTEGER NOT NULL
) STRICT;

CREATE TABLE asset (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    latitude REAL,
    longitude REAL,
    kelurahan TEXT NOT NULL,
    gateway TEXT REFERENCES gateway (id),
    retired INTEGER NOT NULL
) STRICT;

CREATE INDEX asset_by_gateway ON asset (gateway);

-- Every change there ever was: the row as it was before, empty if it is new, and as it is since.
CREATE TABLE history (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL
) STRICT;

CREATE INDEX history_by_id ON history (id);

CREATE TABLE bundle (
    nonce TEXT PRIMARY KEY,
    gateway TEXT NOT NULL REFERENCES gateway (id),
    issued_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    who TEXT NOT NULL
) STRICT;

CREATE INDEX bundle_by_gateway ON bundle (gateway);

CREATE TABLE publication (
    number INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    content_sha256 TEXT NOT NULL
) STRICT;
