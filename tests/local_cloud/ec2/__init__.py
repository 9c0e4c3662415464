"""EC2 and STS on this machine: moto, made as strict as AWS in everything that VPC peering uses.

Run it with ``python -m local_cloud.ec2 --port 5001 --call-log calls.jsonl``. Where to look:

* ``timeline``, ``peering_model``, ``peering_rules``, ``peering_actions``: the peering connection itself
* ``route_rules``, ``vpc_rules``, ``tag_events``: routes, VPCs and their tags
* ``install``: the one place where moto is patched
* ``gateway``, ``call_log``, ``control_api``, and ``local_cloud.faults``: the server around moto
* ``control``: the client of the control API, for tests
"""
