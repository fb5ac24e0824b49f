-- What each bridge last said of itself; one that ends in good order says so.
CREATE TABLE bridge (
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    program TEXT NOT NULL,
    connected INTEGER NOT NULL,
    stopped INTEGER NOT NULL,
    began_ms INTEGER NOT NULL,
    heard_ms INTEGER NOT NULL,
    PRIMARY KEY (name, host)
) STRICT;

-- How large the store was, once a day: its growth is read from here, whatever is deleted meanwhile.
CREATE TABLE store_size (
    measured_ms INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT;
