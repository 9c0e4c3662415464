#!/bin/sh
# Asks for a peering by an event on the stack's bus, where a pipeline may not assume a role in the stack's account.
#
#   EVENT_BUS_ARN=arn:… request-by-event.sh request.json        # or - for standard input
#
# The request is the input of the peering machine. The account that sends the event has to own one of its two ends, and
# the stack has to admit that account (its parameter MemberAccounts or OrganizationId), or nothing starts. The other end
# has to consent by its tags if it is another account's; between two members, both have to. An end without OwnerId
# is taken to be in the *stack's* account: write both.
#
# Prints the event's id, with which the name of the execution ends. The result is an event too, on the stack's
# bus: "VPC Peering Active" or "VPC Peering Failed". Needs the AWS CLI (1 or 2) and events:PutEvents on that bus.
set -eu

: "${EVENT_BUS_ARN:?set it to the output EventBusArn of the stack}"
[ $# -eq 1 ] || { echo "usage: $0 request.json | -" >&2; exit 64; }
# The stack's Region, wherever the pipeline runs: CLI 1 reads one of these, CLI 2 the other.
AWS_REGION=$(printf %s "$EVENT_BUS_ARN" | cut -d : -f 4)
AWS_DEFAULT_REGION=$AWS_REGION
export AWS_REGION AWS_DEFAULT_REGION
source=${EVENT_SOURCE:-pipeline.isthmus} # any name of your own: it says who asks

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Quotes a JSON text as a JSON string. Line breaks and tabs in it are white space: no JSON string may contain them.
quoted() {
  tr '\n\r\t' '   ' | sed 's/\\/\\\\/g; s/"/\\"/g'
}

cat -- "$1" > "$work/request"
cat > "$work/entries" << END
[{
  "EventBusName": "$(printf %s "$EVENT_BUS_ARN" | quoted)",
  "Source": "$(printf %s "$source" | quoted)",
  "DetailType": "VPC Peering Requested",
  "Detail": "$(quoted < "$work/request")"
}]
END
aws events put-events --entries "file://$work/entries" --output text \
  --query '[FailedEntryCount, Entries[0].EventId, Entries[0].ErrorCode, Entries[0].ErrorMessage]' > "$work/answer"
read -r failed id refusal < "$work/answer"
if [ "$failed" != 0 ]; then
  echo "EventBridge did not accept the event: $refusal" >&2
  exit 1
fi
echo "$id"
