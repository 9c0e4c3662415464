"""A long run under random faults while tags change, and then one sweep: the network is to be what the tags ask for.

`test_chaos.py` runs a small one, `tests/soak` one for an hour.
"""
