ALTER TABLE stream ADD COLUMN stated_revision INTEGER;

UPDATE stream SET stated_revision = (SELECT holding_revision FROM gateway
    WHERE gateway.id = stream.gateway_id)
WHERE statement IS NOT NULL;
