-- A control database of format 1, as the releases before users wrote it, with a database and a token.
PRAGMA application_id = 1280009593;
PRAGMA user_version = 1;
CREATE TABLE databases (
    id BLOB PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    plan TEXT NOT NULL,
    commands_per_day INTEGER,
    stored_bytes_max INTEGER,
    request_bytes_max INTEGER NOT NULL,
    record_bytes_max INTEGER NOT NULL,
    key_bytes_max INTEGER NOT NULL,
    reply_bytes_max INTEGER NOT NULL,
    eviction INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    -- A deleted database leaves its row, so that its id is never used again.
    deleted INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX databases_by_name ON databases (name) WHERE deleted = 0;

CREATE TABLE tokens (
    id BLOB PRIMARY KEY NOT NULL,
    database BLOB NOT NULL REFERENCES databases (id),
    -- SHA-256 of an opaque token's text; NULL for a signed token.
    secret_hash BLOB,
    name TEXT NOT NULL,
    read_only INTEGER NOT NULL,
    commands_per_day INTEGER,
    created_ms INTEGER NOT NULL,
    expires_at_ms INTEGER,
    revoked_at_ms INTEGER,
    epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_database ON tokens (database);
-- A text may be used again once its token is revoked.
CREATE UNIQUE INDEX tokens_by_secret ON tokens (secret_hash) WHERE revoked_at_ms IS NULL;

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY NOT NULL,
    algorithm TEXT NOT NULL,
    secret BLOB NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- total: commands of the UTC day that were leased, or admitted without a lease. A lease counts as used until a clean
-- shutdown gives back what was not.
CREATE TABLE leases (
    day INTEGER NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('database', 'token')),
    id BLOB NOT NULL,
    total INTEGER NOT NULL CHECK (total >= 0),
    PRIMARY KEY (day, scope, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage (
    span TEXT NOT NULL CHECK (span IN ('hour', 'day')),
    start_ms INTEGER NOT NULL,
    database BLOB NOT NULL,
    token BLOB NOT NULL,
    commands INTEGER NOT NULL,
    reads INTEGER NOT NULL,
    writes INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL,
    bytes_out INTEGER NOT NULL,
    PRIMARY KEY (span, start_ms, database, token)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_by_database ON usage (database, span, start_ms);

-- bytes: as last measured within the span.
CREATE TABLE stored (
    span TEXT NOT NULL CHECK (span IN ('hour', 'day')),
    start_ms INTEGER NOT NULL,
    database BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (span, start_ms, database)
) STRICT, WITHOUT ROWID;

INSERT INTO databases VALUES (X'01010101010101010101010101010101', 'shop-1', 'unlimited', NULL, NULL, 10485760, 104857600, 32768, 104857600, 0, 1800000000000, 0, 0);
INSERT INTO tokens VALUES (X'02020202020202020202020202020202', X'01010101010101010101010101010101', X'fb7756c5d0c7082ad26ec6188a8613fad5935aaf109918caf907d200a042fb57', 'api', 1, 1000, 1800000000000, 1800000000001, NULL, 0);
