"""A local directory: read as a source of documents, and watched."""
