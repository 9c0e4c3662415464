"""Tests of the benchmark, which take seconds and need no build."""
