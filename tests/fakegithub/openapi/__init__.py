"""GitHub's own description of its REST API, cut to the routes that the fake serves."""
