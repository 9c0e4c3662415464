"""Tests of the benchmark: that it measures what it says, in seconds and without a build."""
