"""Migrations: one change of the tables a file, run by `storage.schema`."""
