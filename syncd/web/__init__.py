"""The status endpoint: health for machines, status for operators."""
