"""What concerns a whole run of the tests."""

pytest_plugins = ["iam.report"]
