"""GitHub's own GraphQL schema, cut to the fields that the fake serves."""
