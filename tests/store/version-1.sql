-- The first form of the file, as it was before rows could expire.
PRAGMA journal_mode = WAL;
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
INSERT INTO meta VALUES ('schema', 1);
CREATE TABLE entry (
    kind  TEXT NOT NULL,
    grp   TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (kind, grp, key)
) STRICT;
INSERT INTO entry VALUES
    ('line', 'c1', '000000000001', CAST('{"n":1}' AS BLOB)),
    ('line', 'c1', '000000000002', CAST('{"n":2}' AS BLOB));
