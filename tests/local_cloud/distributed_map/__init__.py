"""Step Functions: Map states in Distributed mode, for JSONata. Each item, or batch of items, is an execution of its own.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html

``definitions`` is what CreateStateMachine refuses, ``settings`` and ``items`` what the fields of the state say, ``map_run`` the
children of one run of the state, ``child`` one of them, ``calls`` what the machine's role needs.
"""
