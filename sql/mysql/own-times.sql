-- When each collection was last changed, deletions included, in centiseconds since 1970 (0: never),
-- and a time that was told without a change: no later change is as early. Its rows are what writers
-- lock. At the change that `counted` names, the collection had so many records, expired ones
-- included, with so many bytes of payload, and none that expires before `expires`. No other program
-- reads or writes this table.
CREATE TABLE {times} (
  userid int NOT NULL,
  collectionid int NOT NULL,
  modified bigint NOT NULL DEFAULT 0,
  told bigint NOT NULL DEFAULT 0,
  counted bigint NOT NULL DEFAULT -1,
  records bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  expires int NOT NULL DEFAULT 2100000000,
  PRIMARY KEY (userid, collectionid),
  KEY weft_expires (expires)
) ENGINE=InnoDB
