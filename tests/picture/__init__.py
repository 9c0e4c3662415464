"""The picture of a network, in a real browser."""
