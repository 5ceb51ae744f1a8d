"""The mirror: a daemon that keeps docs of GitHub repositories and folders in Postgres."""
