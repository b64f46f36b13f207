-- How many records and bytes each collection had at the change that `counted` names, so that nobody
-- has to count them.
ALTER TABLE {times}
  ADD COLUMN counted bigint NOT NULL DEFAULT -1,
  ADD COLUMN records bigint NOT NULL DEFAULT 0,
  ADD COLUMN bytes bigint NOT NULL DEFAULT 0,
  ADD COLUMN expires int NOT NULL DEFAULT 2100000000,
  ADD KEY weft_expires (expires)
