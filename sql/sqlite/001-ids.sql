-- Numbers of users whose directory has none, version 1 (kept in PRAGMA user_version). A file of its
-- own, ids.db. It must not be lost: the numbers in it are what the records belong to.

CREATE TABLE ids (
    -- AUTOINCREMENT: a number is never given twice, so nobody inherits the records of a deleted user.
    id      INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 2147483647),
    -- What stands for the user in the directory: entryUUID:…, name:… or dn:…
    person  TEXT    NOT NULL UNIQUE,
    created INTEGER NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER))  -- seconds
) STRICT;
