-- When each collection was last changed, deletions included, in centiseconds since 1970 (0: never),
-- and a time that was told without a change: no later change is as early. Its rows are what writers
-- lock. No other program reads or writes this table.
CREATE TABLE {times} (
  userid int NOT NULL,
  collectionid int NOT NULL,
  modified bigint NOT NULL DEFAULT 0,
  told bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (userid, collectionid)
) ENGINE=InnoDB
