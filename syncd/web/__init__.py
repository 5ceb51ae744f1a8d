"""HTTP for operators and machines."""
