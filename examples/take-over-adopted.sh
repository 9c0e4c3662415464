#!/bin/sh
# Makes connections this stack's own that it adopted: those that somebody else had made, by hand or by Terraform, and that
# tags ask for by now. Afterwards the stack also deletes them, once no tag asks for them any more.
#
#   STATE_MACHINE_ARN=arn:… LEDGER_TABLE_NAME=… take-over-adopted.sh          # lists them
#   STATE_MACHINE_ARN=arn:… LEDGER_TABLE_NAME=… take-over-adopted.sh --yes    # takes them over
#
# Before that: tag the VPCs, and invoke the sweep until its report says as many InPlace as Desired. After that: take the
# connections out of what made them, without deleting them (terraform state rm). The routes that were there stay
# somebody else's; the stack deletes only those that it wrote.
#
# Prints a line for each pair. Exits 1 if one could not be taken over; it is safe to run again. Needs the AWS CLI (1 or 2),
# dynamodb:Scan on the ledger, states:StartExecution on the machine, and states:DescribeExecution on its executions.
set -eu

: "${STATE_MACHINE_ARN:?set it to the output StateMachineArn of the stack}"
: "${LEDGER_TABLE_NAME:?set it to the output LedgerTableName of the stack}"
case "${1:-}" in
  "" | --yes) ;;
  *) echo "usage: $0 [--yes]" >&2; exit 64 ;;
esac
region=$(printf %s "$STATE_MACHINE_ARN" | cut -d : -f 4)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Of those that tags ask for; a pair is spelled vpc-…@region@account|vpc-…@region@account.
aws dynamodb scan --region "$region" --table-name "$LEDGER_TABLE_NAME" --consistent-read --output text \
  --filter-expression '#connection.#made = :no AND attribute_exists(#asked.#tags)' \
  --expression-attribute-names '{"#connection": "Connection", "#made": "Made", "#asked": "AskedBy", "#tags": "Tags"}' \
  --expression-attribute-values '{":no": {"BOOL": false}}' \
  --query 'Items[].[Pair.S]' > "$work/scanned"
grep '|' "$work/scanned" > "$work/pairs" || true # none is no failure
if [ "${1:-}" != --yes ]; then
  cat "$work/pairs"
  exit 0
fi

failed=0
while IFS='@|' read -r vpc place owner peer peer_place peer_owner; do
  cat > "$work/input" << END
{"VpcId": "$vpc", "Region": "$place", "OwnerId": "$owner",
 "PeerVpcId": "$peer", "PeerRegion": "$peer_place", "PeerOwnerId": "$peer_owner",
 "TakeOver": true, "RequestedBy": "tags"}
END
  status=NOT_STARTED error=
  if execution=$(aws stepfunctions start-execution --region "$region" --state-machine-arn "$STATE_MACHINE_ARN" \
    --input "file://$work/input" --query executionArn --output text < /dev/null); then
    status=RUNNING
  fi
  while [ "$status" = RUNNING ]; do
    # A call that fails is made again: the execution goes on meanwhile.
    if aws stepfunctions describe-execution --region "$region" --execution-arn "$execution" \
      --query '[status, error]' --output text < /dev/null > "$work/answer"; then
      read -r status error < "$work/answer"
    fi
    [ "$status" != RUNNING ] || sleep "${POLL_SECONDS:-5}"
  done
  if [ "$status" = SUCCEEDED ]; then
    echo "$vpc $peer taken over"
  else
    echo "$vpc $peer $status $error" >&2
    failed=1
  fi
done < "$work/pairs"
exit "$failed"
