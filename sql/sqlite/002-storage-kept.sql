-- Storage of records in SQLite, from version 1 to 2: what writes replace and delete is kept for some
-- days (src/storage/undo.rs).

-- A version of a record that came to its end, or with an empty id a link: the collection's change from
-- one time to another.
CREATE TABLE kept (
    user          INTEGER NOT NULL,
    collection    INTEGER NOT NULL,
    until         INTEGER NOT NULL,  -- the time of the change that ended it
    id            TEXT    NOT NULL,
    since         INTEGER NOT NULL,  -- its modified; of a link, the collection's before
    deleted       INTEGER NOT NULL,  -- 1: the change deleted it, 0: it put another in its place
    bytes         INTEGER NOT NULL,  -- of its payload, and what it takes beside
    expires       INTEGER,
    sortindex     INTEGER,
    parentid      TEXT,
    predecessorid TEXT,
    payload       TEXT,
    UNIQUE (collection, until, id)
) STRICT;

-- What of a user is the oldest, links before what they join, and how much there is of it.
CREATE INDEX kept_age ON kept (user, until, id, bytes);
