-- An export's cursor holds for this store and no other: one that is put back from a backup is
-- another one.
CREATE TABLE generation (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id TEXT NOT NULL
) STRICT;

INSERT INTO generation (only_row, id) VALUES (1, lower(hex(randomblob(16))));

-- In what order boots got their date after readings of theirs were committed: such readings come
-- into `reading` later than their batches.
ALTER TABLE boot ADD COLUMN dated INTEGER;
