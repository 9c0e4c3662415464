"""The local cloud: MiniStack and moto, patched to behave as AWS does, started and stopped together."""
