"""The four functions of the peering machine as a Python engineer would write them with boto3: what ours is measured beside.

They take the same tasks and answer the same results, by the contract's names, so they are held to the same end-to-end
tests. Written the straightforward way: clients live as long as the process, calls follow one another.
"""
