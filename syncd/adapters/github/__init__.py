"""A repository at GitHub as a source of documents: PyGithub for answers, aiohttp for bytes."""
