-- Accounts in SQLite, version 1 (kept in PRAGMA user_version). A file of its own, accounts.db.

CREATE TABLE users (
    -- AUTOINCREMENT: a number is never given twice, so nobody inherits the records of a deleted user.
    id            INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 2147483647),
    -- In lower case; the characters that names have.
    name          TEXT    NOT NULL UNIQUE
                  CHECK (length(name) BETWEEN 1 AND 32 AND name NOT GLOB '*[^a-z0-9._-]*'),
    password_hash TEXT    NOT NULL,
    email         TEXT,
    status        INTEGER NOT NULL DEFAULT 1,      -- 1: enabled; anything else: disabled
    alert         TEXT,                            -- what the user's browsers are told
    quota_bytes   INTEGER CHECK (quota_bytes >= 0),-- NULL: the server's default
    node          TEXT,                            -- URL of the server with the records; NULL: this
    created       INTEGER NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER))  -- seconds
) STRICT;
