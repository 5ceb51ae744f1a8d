"""The use cases: what the daemon and people do, told without protocols."""
