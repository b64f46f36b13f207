-- Finds expired records without reading the whole table.
ALTER TABLE {wbo} ADD KEY weft_ttl (ttl)
