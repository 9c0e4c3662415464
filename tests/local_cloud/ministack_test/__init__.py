"""Tests of MiniStack with our patches. Each fails, or hangs, without its patch."""
