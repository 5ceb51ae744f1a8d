"""Models that embed and rerank: behind HTTP, or on this machine."""
