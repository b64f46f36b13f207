-- When a record expires, in seconds since 1970. PHP names the columns that it writes, so it goes on
-- working and its records get the default, which means never.
ALTER TABLE {wbo}
  ADD COLUMN ttl int NOT NULL DEFAULT 2100000000,
  ADD KEY weft_ttl (ttl)
