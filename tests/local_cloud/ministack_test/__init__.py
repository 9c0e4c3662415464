"""Tests of MiniStack as the local cloud runs it. Each would fail, or hang, without the patch that it is about."""
