-- What browsers have replaced or deleted, for bringing back an account that was wiped or mangled: the
-- old version of a record until the time of the change that ended it, or with an empty id the step of
-- the collection from one time to another. No other program reads or writes this table.
CREATE TABLE {kept} (
  userid int NOT NULL,
  collectionid int NOT NULL,
  ended bigint NOT NULL,
  id varbinary(64) NOT NULL,
  began bigint NOT NULL,
  deleted tinyint NOT NULL,
  size int NOT NULL,
  ttl int DEFAULT NULL,
  sortindex int DEFAULT NULL,
  parentid varbinary(64) DEFAULT NULL,
  predecessorid varbinary(64) DEFAULT NULL,
  payload longblob,
  PRIMARY KEY (userid, collectionid, ended, id),
  KEY weft_age (userid, ended, id, size)
) ENGINE=InnoDB
