"""The routes of the fake, one noun a file."""
