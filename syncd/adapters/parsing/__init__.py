"""The cutting of documents beside the event loop, within limits of time and memory."""
