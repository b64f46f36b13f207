-- The records, in a database that no legacy PHP server uses: its columns, and two indexes in place of
-- six. One finds what is newer; one finds what has expired, counts, and adds up sizes without reading a
-- payload.
CREATE TABLE {wbo} (
  username int NOT NULL,
  collection smallint NOT NULL DEFAULT 0,
  id varbinary(64) NOT NULL DEFAULT '',
  parentid varbinary(64) DEFAULT NULL,
  predecessorid varbinary(64) DEFAULT NULL,
  sortindex int DEFAULT NULL,
  modified bigint DEFAULT NULL,
  payload longtext,
  payload_size int DEFAULT NULL,
  ttl int NOT NULL DEFAULT 2100000000,
  PRIMARY KEY (username, collection, id),
  KEY modified (username, collection, modified),
  KEY weft_living (username, collection, ttl, payload_size)
) ENGINE=InnoDB DEFAULT CHARSET=latin1
