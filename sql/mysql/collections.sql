-- The names of the collections that have no fixed number, as the legacy PHP server made its table.
CREATE TABLE {collections} (
  userid int NOT NULL,
  collectionid smallint NOT NULL,
  name varchar(32) NOT NULL,
  PRIMARY KEY (userid, collectionid),
  KEY nameindex (userid, name)
) ENGINE=InnoDB DEFAULT CHARSET=latin1
