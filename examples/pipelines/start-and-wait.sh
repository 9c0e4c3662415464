#!/bin/sh
# Starts the peering machine (or the teardown machine) and waits for the result.
#
#   STATE_MACHINE_ARN=arn:… start-and-wait.sh request.json      # or - for standard input
#
# Prints the output of the execution, and exits 0; where it failed, prints its error and cause to standard error, and
# exits 1. Needs the AWS CLI (1 or 2) with credentials of the stack's InvokeRole, and nothing else.
#
# The execution's name is made from its input, so that a pipeline that is run again, or twice at once, waits for the same
# execution rather than starting another:
#   - it is still running: wait for that one;
#   - it succeeded: print its output. Step Functions keeps it for 90 days. To have the peering checked again, set
#     RUN_ID, for instance to the number of the pipeline's run: it becomes part of the name;
#   - it failed, timed out or was stopped: start the next one, under the same name with -2, -3 and so on.
set -eu

: "${STATE_MACHINE_ARN:?set it to the output StateMachineArn of the stack}"
[ $# -eq 1 ] || { echo "usage: $0 request.json | -" >&2; exit 64; }
# The stack's Region, wherever the pipeline runs: CLI 1 reads one of these, CLI 2 the other.
AWS_REGION=$(printf %s "$STATE_MACHINE_ARN" | cut -d : -f 4)
AWS_DEFAULT_REGION=$AWS_REGION
export AWS_REGION AWS_DEFAULT_REGION
poll_seconds=${POLL_SECONDS:-5}
wait_seconds=${WAIT_SECONDS:-7500} # the machine itself gives up after 7,200

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# A copy: the name is made from exactly what is sent, and the CLI reads it from a file, whatever it begins with.
cat -- "$1" > "$work/input"
digest=$({ printf '%s\n' "${RUN_ID:-}"; cat "$work/input"; } | { sha256sum 2>/dev/null || shasum -a 256; } | cut -c 1-40)
[ ${#digest} -eq 40 ] || { echo "neither sha256sum nor shasum is installed" >&2; exit 69; }
first_name=pipeline-$digest
executions=${STATE_MACHINE_ARN%%:stateMachine:*}:execution:${STATE_MACHINE_ARN##*:stateMachine:}

# describe FIELD: of the execution, as plain text.
describe() {
  aws stepfunctions describe-execution --execution-arn "$execution" --query "$1" --output text
}

name=$first_name
count=1
while :; do
  execution=$executions:$name
  if aws stepfunctions start-execution --state-machine-arn "$STATE_MACHINE_ARN" --name "$name" \
    --input "file://$work/input" --query executionArn --output text > "$work/started" 2> "$work/refused"; then
    echo "$name is started, or is running already" >&2
    break
  fi
  grep -q ExecutionAlreadyExists "$work/refused" || { cat "$work/refused" >&2; exit 1; }
  status=$(describe status)
  case $status in
    RUNNING | PENDING_REDRIVE | SUCCEEDED)
      echo "$name was started before" >&2
      break
      ;;
    *)
      count=$((count + 1))
      name=$first_name-$count
      ;;
  esac
done

waited=0
while :; do
  status=$(describe status)
  case $status in
    SUCCEEDED) break ;;
    RUNNING | PENDING_REDRIVE) ;;
    *)
      error=$(describe error)
      cause=$(describe cause)
      echo "$name: $status: $error: $cause" >&2
      exit 1
      ;;
  esac
  if [ "$waited" -ge "$wait_seconds" ]; then
    echo "$name is still running after $waited seconds; run this again to continue waiting" >&2
    exit 75
  fi
  sleep "$poll_seconds"
  waited=$((waited + poll_seconds))
done
describe output
