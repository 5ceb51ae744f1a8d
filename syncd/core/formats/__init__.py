"""The readers of formats: from a text to its outline. A block begins and ends where it does in the text as it is stored."""
