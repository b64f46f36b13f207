-- Finds the newest record of a collection without reading them all. The legacy PHP server's own
-- tables have this index.
ALTER TABLE {wbo} ADD KEY weft_modified (username, collection, modified)
