-- What each bridge last said of itself; one that ends in good order says so.
CREATE TABLE bridge (
    name text NOT NULL,
    host text NOT NULL,
    program text NOT NULL,
    connected boolean NOT NULL,
    stopped boolean NOT NULL,
    began_at timestamptz NOT NULL,
    heard_at timestamptz NOT NULL,
    PRIMARY KEY (name, host)
);

-- How large the store was, once a day: its growth is read from here, whatever is deleted meanwhile.
CREATE TABLE store_size (
    measured_at timestamptz PRIMARY KEY,
    bytes bigint NOT NULL
);
