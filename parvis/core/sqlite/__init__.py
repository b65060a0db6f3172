"""SQLite for several processes: one file lock is taken before each BEGIN IMMEDIATE."""
