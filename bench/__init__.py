"""Measures, repeatable and beside a bare floor; never part of the tests."""
