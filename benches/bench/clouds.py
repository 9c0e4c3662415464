"""Two local clouds side by side, one with our functions and one with the Python ones in their place."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from end_to_end.executions import Machine
from end_to_end.world import HERE, THERE, World
from local_cloud import processes
from local_cloud.deployed import deployed

from bench import quota

# What a call to EC2 takes from a function in the same Region, and from one across an ocean.
LATENCY, LATENCY_ACROSS = 0.06, 0.25
PERIOD_MS = 20
# A connection is active at once, so that a wall time says how long we take and not how long AWS takes. Fifty peerings
# at once are more than an account may have pending by default.
CALM = {"pending_after": 0, "provisioning_for": 0, "visible_after": 0, "requester_visible_after": 0, "deleting_for": 0}
QUOTAS = {"peerings_per_vpc": 50, "outstanding_requests": 100, "routes_per_table": 500}


@dataclass
class Cloud:
    """A running cloud with the stack deployed."""

    implementation: str
    state: Path
    world: World
    machine: Machine
    groups: dict[int, Path] = field(default_factory=dict)

    @contextmanager
    def slow_ec2(self) -> Iterator[None]:
        self.world.control.set_latency(LATENCY_ACROSS, **{HERE.replace("-", "_"): LATENCY})
        try:
            yield
        finally:
            self.world.control.set_latency(0)

    def limit_functions(self) -> None:
        """From now on each function that has started gets the share of a core that 128 MB of Lambda buys."""
        if quota.mechanism() == "SIGSTOP":
            return  # too coarse for a dozen processes at once; the report says that the share was not applied
        for pid in self._functions():
            if pid not in self.groups:
                self.groups[pid] = quota.limit(pid, PERIOD_MS)

    def release_functions(self) -> None:
        for pid, group in self.groups.items():
            quota.release(pid, group)
        self.groups.clear()

    def _functions(self) -> list[int]:
        """The processes of the functions: children of MiniStack, in its process group."""
        server = int((self.state / "ministack.pid").read_text())
        found = []
        for pid in processes.members(processes.group_of(server) or server, self.state):
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"awslambdaric" in command or command.rstrip(b"\0").endswith(b"bootstrap"):
                found.append(pid)
        return found


@contextmanager
def both(repository: Path) -> Iterator[list[Cloud]]:
    """Ours, then the one of the Python functions."""
    sources = {"ours": repository / "target" / "lambda", "Python": repository / "target" / "lambda-python"}
    with ExitStack() as stack:
        clouds = [stack.enter_context(_cloud(name, source, repository)) for name, source in sources.items()]
        for cloud in clouds:
            stack.callback(cloud.release_functions)
        yield clouds


@contextmanager
def _cloud(name: str, source: Path, repository: Path) -> Iterator[Cloud]:
    state = repository / ".local" / "bench" / name.lower()
    os.environ["LAMBDA"] = str(source)  # `sam build` takes the functions from there
    with deployed(state) as environment:
        world = World(environment)
        world.control.set(**CALM, quotas=QUOTAS)
        yield Cloud(name, state, world, Machine(environment, environment["STATE_MACHINE_ARN"]))


__all__ = ["HERE", "THERE", "Cloud", "both"]
