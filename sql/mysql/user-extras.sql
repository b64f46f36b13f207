-- What the legacy table of accounts has no column for: the bytes of payload that a user may store
-- (NULL: the server's default) and the URL of the server with the user's records (NULL: what the
-- server is set up to answer). No other program reads or writes this table.
CREATE TABLE {extras} (
  userid int NOT NULL,
  quota_bytes bigint DEFAULT NULL,
  node varbinary(512) DEFAULT NULL,
  PRIMARY KEY (userid)
) ENGINE=InnoDB
