"""What outlives a run, in SQLite: the journal, the id map, leases, copies of plans. The only user of sqlite3 here."""
