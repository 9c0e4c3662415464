"""The four functions of the peering machine as a Python engineer would write them with boto3, to compare ours with.

They contain only the peering itself and the ledger. Consent across accounts and tags of VPCs, those that request a peering and
the status, are left out; so is the deletion of routes that are no longer asked for.

The tasks and answers are the same, with the names of the contract, so the same end-to-end tests run with them. The code is
straightforward: clients live as long as the process, and calls are made one after another.
"""
