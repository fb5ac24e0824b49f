ALTER TABLE gateway ADD COLUMN stated_at timestamptz;
