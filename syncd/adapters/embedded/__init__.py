"""The embedded default: a real Postgres and a real Redis (Valkey), started as children of this program."""
