"""Tests of the endpoint, over a real socket."""
