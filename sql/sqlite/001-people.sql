-- What goes with accounts, in SQLite, version 1 (kept in PRAGMA user_version). A file of its own,
-- people.db. All times are whole centiseconds since 1970. Codes are kept as SHA-256 only.

-- One code per user at most: a new one takes the old one's place.
CREATE TABLE reset_code (
    user    INTEGER PRIMARY KEY,
    digest  BLOB    NOT NULL,
    expires INTEGER NOT NULL
) STRICT;

CREATE TABLE invitation (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    digest  BLOB    NOT NULL UNIQUE,
    note    TEXT,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used_by TEXT                -- the name that signed up with it; NULL: nobody yet
) STRICT;

-- Attempts that are counted until `ends`.
CREATE TABLE attempt (
    what  TEXT    NOT NULL,
    who   TEXT    NOT NULL,
    times INTEGER NOT NULL,
    ends  INTEGER NOT NULL,
    PRIMARY KEY (what, who)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_ends ON attempt (ends);

-- Captcha challenges that were answered, rightly or wrongly, until they expire by themselves.
CREATE TABLE answered (
    challenge BLOB    PRIMARY KEY,
    expires   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answered_expires ON answered (expires);

CREATE TABLE node (
    url      TEXT    PRIMARY KEY,
    places   INTEGER NOT NULL CHECK (places >= 0),
    draining INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Which node a user was given. The node need not be in the list any more.
CREATE TABLE assignment (
    user INTEGER PRIMARY KEY,
    node TEXT    NOT NULL
) STRICT;
CREATE INDEX assignment_node ON assignment (node);

-- The root of all keys, in one row.
CREATE TABLE secret (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    root BLOB    NOT NULL CHECK (length(root) = 32)
) STRICT;
