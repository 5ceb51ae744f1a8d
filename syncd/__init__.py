"""The mirror: a daemon that keeps docs of GitHub repositories and folders in Postgres."""

__version__ = "0.1.0"
