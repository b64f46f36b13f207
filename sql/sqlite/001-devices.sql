-- Devices that synced, in SQLite, version 1 (kept in PRAGMA user_version). A file of its own,
-- devices.db, because it may be lost without harm. Times are whole centiseconds since 1970.

CREATE TABLE device (
    user    INTEGER NOT NULL,
    agent   TEXT    NOT NULL,   -- the client's User-Agent, shortened
    address TEXT    NOT NULL,   -- the address that it came from
    last    INTEGER NOT NULL,   -- its last sync, to a few minutes
    PRIMARY KEY (user, agent, address)
) STRICT, WITHOUT ROWID;
