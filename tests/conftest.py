"""Plugins of the whole test run."""

pytest_plugins = ["iam.report"]
