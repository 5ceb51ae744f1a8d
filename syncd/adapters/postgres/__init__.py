"""Postgres: connections, migrations, and one typed function for each query in sql/queries."""
