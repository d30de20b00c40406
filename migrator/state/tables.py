"""The tables of a state, as a new one is made; `upgrade.py` brings an older one to the same form."""

from __future__ import annotations

VERSION = 2
"""Number of the tables' form, in `meta`. 2: a lease tells its run and its process's own beginning."""

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE runs (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, plan TEXT NOT NULL, kind TEXT NOT NULL,
    playbook TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, status TEXT NOT NULL, os_user TEXT NOT NULL,
    host TEXT NOT NULL, seconds REAL NOT NULL DEFAULT 0);
CREATE INDEX runs_plan ON runs (plan);
CREATE TABLE run_steps (run INTEGER NOT NULL, step TEXT NOT NULL, target TEXT NOT NULL, collection TEXT NOT NULL,
    pair INTEGER, read INTEGER NOT NULL, partial INTEGER NOT NULL, target_count INTEGER, target_after INTEGER,
    stamp_after TEXT, PRIMARY KEY (run, step)) WITHOUT ROWID;
CREATE INDEX run_steps_target ON run_steps (target, collection, run);
CREATE TABLE pairs (pair INTEGER PRIMARY KEY, target TEXT NOT NULL, collection TEXT NOT NULL, source TEXT NOT NULL,
    source_collection TEXT NOT NULL, part TEXT NOT NULL,
    UNIQUE (target, collection, source, source_collection, part));
CREATE TABLE id_map (pair INTEGER NOT NULL, source_id TEXT NOT NULL, target_id TEXT NOT NULL, run INTEGER NOT NULL,
    gone_at TEXT, PRIMARY KEY (pair, source_id)) WITHOUT ROWID;
CREATE INDEX id_map_target ON id_map (pair, target_id);
CREATE TABLE requests (run INTEGER NOT NULL, seq INTEGER NOT NULL, step TEXT NOT NULL, phase INTEGER NOT NULL,
    fence INTEGER NOT NULL, kind TEXT NOT NULL, repeatable INTEGER NOT NULL, sha256 BLOB NOT NULL,
    lines BLOB NOT NULL, sent TEXT NOT NULL, answered TEXT, PRIMARY KEY (run, seq)) WITHOUT ROWID;
CREATE INDEX requests_open ON requests (run, seq) WHERE answered IS NULL;
CREATE TABLE outcomes (run INTEGER NOT NULL, line INTEGER NOT NULL, change_id BLOB NOT NULL, status TEXT NOT NULL,
    did TEXT, target_id TEXT, version TEXT, code TEXT, field TEXT, cause TEXT, reason TEXT, attempts INTEGER NOT NULL,
    found TEXT, PRIMARY KEY (run, line)) WITHOUT ROWID;
"""
"""`requests.lines` packs byte offsets into the run's copy of the plan, eight bytes each, this machine's order swapped
to little-endian; answered NULL with a line that has no outcome: in doubt. `outcomes.line` is such an offset."""
TURNS = """
CREATE TABLE IF NOT EXISTS turns (run INTEGER NOT NULL, line INTEGER NOT NULL, change TEXT NOT NULL,
    PRIMARY KEY (run, line)) WITHOUT ROWID;
"""
"""Some states of version 1 have this table and some have not."""
LEASES = """
CREATE TABLE leases (target TEXT NOT NULL, collection TEXT NOT NULL, fence INTEGER NOT NULL, user TEXT NOT NULL,
    host TEXT NOT NULL, pid INTEGER NOT NULL, began TEXT NOT NULL, space TEXT NOT NULL, run INTEGER,
    since TEXT NOT NULL, beat TEXT NOT NULL, PRIMARY KEY (target, collection)) WITHOUT ROWID;
"""
"""`began` and `space` tell two processes of one number apart (`process.py`). All rows of a holder have its fence."""
