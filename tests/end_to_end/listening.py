"""A subscriber of the stack's event bus, such as any user can add, or of a member's default bus."""

import json
import uuid
from typing import Any

from .clients import client
from .network import HERE, HUB, Vpc, wait_until


class Listener:
    """A rule with a queue as its target, which keeps the events that match."""

    def __init__(self, environment: dict[str, str], pattern: dict[str, Any], region: str = HERE, account: str = HUB) -> None:
        self._region = region
        self._events, self._queues = (client(environment, service, account, region) for service in ("events", "sqs"))
        self._name = f"listener-{uuid.uuid4().hex[:8]}"
        self._bus = environment["EVENT_BUS_ARN"].rsplit("/", 1)[1] if account == HUB else "default"
        self._queue = self._queues.create_queue(QueueName=self._name)["QueueUrl"]
        arn = f"arn:aws:sqs:{region}:{account}:{self._name}"
        self._events.put_rule(Name=self._name, EventBusName=self._bus, EventPattern=json.dumps(pattern))
        self._events.put_targets(Rule=self._name, EventBusName=self._bus, Targets=[{"Id": "queue", "Arn": arn}])
        self._received: list[dict[str, Any]] = []

    def receive(self, detail_type: str, about: Vpc) -> dict[str, Any]:
        """Waits for the one event of that type about that VPC. Executions of other tests may publish events too."""
        [event] = self.receive_all(detail_type, about)
        return event

    def receive_all(self, detail_type: str, about: Vpc) -> list[dict[str, Any]]:
        """Waits for the first event of that type about that VPC and returns all such events."""
        wait_until(lambda: bool(self._of(detail_type, about)), f"{detail_type} was published")
        events = self._of(detail_type, about)
        assert {(event["source"], event["account"], event["region"]) for event in events} == {("isthmus", HUB, self._region)}
        return events

    def received(self) -> list[dict[str, Any]]:
        """All events so far."""
        while received := self._queues.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in received:
                self._received.append(json.loads(message["Body"]))
                self._queues.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return self._received

    def stop(self) -> None:
        self._events.remove_targets(Rule=self._name, EventBusName=self._bus, Ids=["queue"])
        self._events.delete_rule(Name=self._name, EventBusName=self._bus)
        self._queues.delete_queue(QueueUrl=self._queue)

    def _of(self, detail_type: str, about: Vpc) -> list[dict[str, Any]]:
        return [event for event in self.received() if event["detail-type"] == detail_type and about.id in json.dumps(event)]
