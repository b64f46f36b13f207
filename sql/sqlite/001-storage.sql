-- Storage of records in SQLite, version 1 (kept in PRAGMA user_version).
-- All times are whole centiseconds since 1970.

-- One row for every collection that a user ever wrote to. It outlives the records, so that the time
-- of a deletion is kept, and it counts them, so that no question about sizes reads them all.
CREATE TABLE collection (
    id       INTEGER PRIMARY KEY,
    user     INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    modified INTEGER NOT NULL,  -- time of the last change, deletions included
    records  INTEGER NOT NULL,  -- rows in wbo, those included whose life has ended
    bytes    INTEGER NOT NULL,  -- bytes of their payloads
    UNIQUE (user, name)
) STRICT;

CREATE TABLE wbo (
    collection    INTEGER NOT NULL,
    id            TEXT    NOT NULL,
    modified      INTEGER NOT NULL,
    expires       INTEGER,        -- from this time on the record does not exist; NULL: never
    sortindex     INTEGER,
    parentid      TEXT,
    predecessorid TEXT,
    payload       TEXT    NOT NULL,
    UNIQUE (collection, id)
) STRICT;

-- What has changed since a time, and the order of age: read without sorting.
CREATE INDEX wbo_modified ON wbo (collection, modified, id);

-- What no longer exists and still takes room, counts and is to be purged.
CREATE INDEX wbo_expires ON wbo (collection, expires) WHERE expires IS NOT NULL;

-- Users whose records are being carried to another node, or were. Others have no row.
CREATE TABLE away (
    user INTEGER PRIMARY KEY,
    gone INTEGER NOT NULL       -- 0: held for the copy; 1: on another node
) STRICT;
