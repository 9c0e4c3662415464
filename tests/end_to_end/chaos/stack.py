"""The deployed stack during a run: whether it is still at work, how its executions ended, and its dead letters."""

import json
import random
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from local_cloud import function_calls

from end_to_end.clients import client
from end_to_end.executions import Machine
from end_to_end.network import Network

PATIENCE = 1800  # seconds
STILL = 4  # seconds; longer than the local Lambda waits before it tries an asynchronous invocation again
VPC = re.compile(r"vpc-[0-9a-f]+")


class Stack:
    def __init__(self, environment: dict[str, str], network: Network) -> None:
        self._network, self._queues, self._queue = network, client(environment, "sqs"), environment["DEAD_LETTER_QUEUE_URL"]
        ec2_calls = Path(environment["LOCAL_CLOUD_CALL_LOG"])
        self._logs = [ec2_calls, ec2_calls.with_name(function_calls.FILE)]
        peering = environment["STATE_MACHINE_ARN"]
        self.machines = {
            name: Machine(environment, peering.removesuffix("peering") + name)
            for name in ("peering", "teardown", "groups", "clean-up")
        }
        self._earlier = {each["executionArn"] for machine in self.machines.values() for each in _all(machine)}

    def wait_until_idle(self) -> None:
        """Returns once no execution runs, no event is under way, and no function has called anything for a while."""
        deadline = time.monotonic() + PATIENCE
        while True:
            before = self._size_of_logs()
            time.sleep(STILL)
            under_way = [f"{name}: {arn}" for name, machine in self.machines.items() for arn in _running(machine)]
            waiting = self._network.control.event_rates()["Waiting"]
            if not under_way and not waiting and self._size_of_logs() == before:
                return
            assert time.monotonic() < deadline, f"still at work: {waiting} events, {under_way}"

    def stop_one(self, chance: random.Random) -> int:
        """Stops one of the executions that run now, if there is one. Answers how many."""
        running = [(machine, arn) for machine in self.machines.values() for arn in _running(machine)]
        if not running:
            return 0
        machine, arn = chance.choice(running)
        try:
            machine.client.stop_execution(executionArn=arn)
        except ClientError:  # It has ended meanwhile.
            return 0
        return 1

    def executions(self) -> dict[str, dict[str, int]]:
        """How many executions of each machine ended how since this was made: by status or, of failed ones, by error."""
        return {name: dict(Counter(self._endings(machine))) for name, machine in self.machines.items()}

    def forget_dead_letters(self) -> None:
        self._queues.purge_queue(QueueUrl=self._queue)

    def dead_letters(self) -> list[set[str]]:
        """The VPCs that each dead letter is about; none for a sweep. They are taken out of the queue."""
        found: list[set[str]] = []
        while messages := self._queues.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                found.append(set(VPC.findall(json.dumps(json.loads(message["Body"])["requestPayload"]))))
                self._queues.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def _endings(self, machine: Machine) -> list[str]:
        return [_ending(machine, each) for each in _all(machine) if each["executionArn"] not in self._earlier]

    def _size_of_logs(self) -> list[int]:
        return [log.stat().st_size if log.exists() else 0 for log in self._logs]


def _running(machine: Machine) -> list[str]:
    found = machine.client.list_executions(stateMachineArn=machine.arn, statusFilter="RUNNING")["executions"]
    return [each["executionArn"] for each in found]


def _all(machine: Machine) -> list[dict[str, Any]]:
    pages = machine.client.get_paginator("list_executions").paginate(stateMachineArn=machine.arn)
    return [each for page in pages for each in page["executions"]]


def _ending(machine: Machine, execution: dict[str, Any]) -> str:
    if execution["status"] != "FAILED":
        return str(execution["status"])
    return str(machine.client.describe_execution(executionArn=execution["executionArn"]).get("error"))
