"""A fault at any call of a scenario: the real functions and the deployed machines on the local cloud.

A `Scenario` sets up VPCs and what is foreign in them, and knows what is desired. `calls.json` has its calls, from a run without a
fault. A `Case` is one of these calls and a `Kind` of fault. `trial.py` tries a case: afterwards what is desired holds, or the
execution has failed by a public name and nothing is half made; then one run without a fault makes it hold.
"""
