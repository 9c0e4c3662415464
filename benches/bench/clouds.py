"""Two local clouds: one with our functions, one with the Python functions in their place."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from end_to_end.executions import Machine
from end_to_end.network import HERE, THERE, Network
from local_cloud import processes
from local_cloud.deployed import deployed

from bench import quota

# The duration of a call to EC2 from a function in the same Region, and to a Region on another continent.
LATENCY, LATENCY_ACROSS = 0.06, 0.25
PERIOD_MS = 20
# A connection is active at once, so that the wall time does not include the time that AWS takes. Fifty peerings at once are
# more than an account may have pending by default.
DELAYS = {"pending_after": 0, "provisioning_for": 0, "visible_after": 0, "requester_visible_after": 0, "deleting_for": 0}
QUOTAS = {"peerings_per_vpc": 50, "outstanding_requests": 100, "routes_per_table": 500}


@dataclass
class Cloud:
    """A running cloud with the stack deployed."""

    implementation: str
    state: Path
    network: Network
    machine: Machine
    environment: dict[str, str]
    groups: dict[int, Path] = field(default_factory=dict)

    @contextmanager
    def slow_ec2(self) -> Iterator[None]:
        self.network.control.set_latency(LATENCY_ACROSS, **{HERE.replace("-", "_"): LATENCY})
        try:
            yield
        finally:
            self.network.control.set_latency(0)

    def limit_functions(self) -> None:
        """Limits each running function to the share of a core that a Lambda function of 128 MB gets."""
        if quota.mechanism() == "SIGSTOP":
            return  # not precise enough for a dozen processes; the report contains the mechanism
        for pid in self._functions():
            if pid not in self.groups:
                self.groups[pid] = quota.limit(pid, PERIOD_MS)

    def release_functions(self) -> None:
        for pid, group in self.groups.items():
            quota.release(pid, group)
        self.groups.clear()

    def _functions(self) -> list[int]:
        """The processes of the functions, which are in MiniStack's process group."""
        server = int((self.state / "ministack.pid").read_text())
        found = []
        for pid in processes.members(processes.group_of(server) or server, self.state):
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"awslambdaric" in command or command.rstrip(b"\0").endswith(b"bootstrap"):
                found.append(pid)
        return found


@contextmanager
def both(repository: Path) -> Iterator[list[Cloud]]:
    """The cloud of our functions, then that of the Python functions."""
    python = repository / "target" / "lambda-python"
    with ExitStack() as stack:
        clouds = [stack.enter_context(ours(repository)), stack.enter_context(_cloud("Python", python, repository))]
        for cloud in clouds:
            stack.callback(cloud.release_functions)
        yield clouds


@contextmanager
def ours(repository: Path) -> Iterator[Cloud]:
    """The cloud of our functions alone."""
    with _cloud("ours", repository / "target" / "lambda", repository) as cloud:
        yield cloud


@contextmanager
def _cloud(name: str, source: Path, repository: Path) -> Iterator[Cloud]:
    state = repository / ".local" / "bench" / name.lower()
    os.environ["LAMBDA"] = str(source)  # `sam build` takes the functions from there
    with deployed(state) as environment:
        network = Network(environment)
        network.control.set(**DELAYS, quotas=QUOTAS)
        yield Cloud(name, state, network, Machine(environment, environment["STATE_MACHINE_ARN"]), environment)


__all__ = ["HERE", "THERE", "Cloud", "both", "ours"]
