-- An export's cursor holds for this store and no other: one that is put back from a backup is
-- another one.
CREATE TABLE generation (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    id text NOT NULL
);

INSERT INTO generation (id) VALUES (replace(gen_random_uuid()::text, '-', ''));

-- In what order boots got their date after readings of theirs were committed: such readings come
-- into `reading` later than their batches.
ALTER TABLE boot ADD COLUMN dated bigint;

CREATE SEQUENCE boot_dated;

-- What came since a batch is found without reading what came before. Rows lie in the order of their
-- batches, so a few bytes for each MiB do. A month that is large already gets its index from the first
-- export that asks for it, CONCURRENTLY: here the bridges would wait.
CREATE INDEX reading_by_batch ON ONLY reading USING brin (batch_id) WITH (autosummarize = on);

DO $$
DECLARE
    month record;
BEGIN
    FOR month IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'reading'::regclass AND pg_relation_size(c.oid) < 8 << 20
    LOOP
        EXECUTE format(
            'CREATE INDEX %1$I ON %2$I USING brin (batch_id) WITH (autosummarize = on)',
            month.relname || '_by_batch', month.relname);
        EXECUTE format(
            'ALTER INDEX reading_by_batch ATTACH PARTITION %I', month.relname || '_by_batch');
    END LOOP;
END $$;
