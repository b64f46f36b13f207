-- Finds expired records, counts and adds up sizes without reading the whole table.
ALTER TABLE {wbo} ADD KEY weft_living (username, collection, ttl, payload_size)
