"""The outside world, one door per protocol."""
