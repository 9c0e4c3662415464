"""The fixtures of the end-to-end tests."""

from end_to_end.conftest import (  # noqa: F401
    an_hour_later,
    bus,
    environment,
    evaluator,
    every_call_is_allowed,
    groups,
    ledger,
    machine,
    network,
    peerings,
    permissions,
    record,
    shared_network,
    sweep,
    teardown,
    tools,
)
