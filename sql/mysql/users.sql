-- The accounts, as the legacy PHP server made its table, but for room for longer addresses and for a
-- name being given once.
CREATE TABLE {users} (
  id int NOT NULL AUTO_INCREMENT,
  username varchar(32) DEFAULT NULL,
  password_hash varbinary(128) DEFAULT NULL,
  email varbinary(255) DEFAULT NULL,
  status tinyint DEFAULT 1,
  alert text,
  reset varbinary(32) DEFAULT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY username (username)
) ENGINE=InnoDB DEFAULT CHARSET=latin1
