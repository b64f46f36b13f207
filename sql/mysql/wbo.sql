-- The records, as the legacy PHP server made its table; ttl as the Python server added it (the
-- second of its expiry, counted from 1970).
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
  KEY parentindex (username, collection, parentid),
  KEY modified (username, collection, modified),
  KEY weightindex (username, collection, sortindex),
  KEY predecessorindex (username, collection, predecessorid),
  KEY size_index (username, payload_size),
  KEY weft_ttl (ttl)
) ENGINE=InnoDB DEFAULT CHARSET=latin1
