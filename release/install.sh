#!/usr/bin/env bash
# Installs or updates Isthmus's stack from the files of a release, which are beside this script.
#
#   install.sh --bucket NAME [--stack NAME] [--parameters FILE] [Key=Value …]
#
#   --bucket      a bucket of yours, in the stack's Region: the functions are uploaded to it, and CloudFormation reads them there
#   --stack       the stack's name; isthmus if it isn't given
#   --parameters  a file with a line Key=Value for each parameter; also StackName=… and Region=…
#   Key=Value     a parameter of the stack, as template.yaml describes it
#
# A parameter that isn't given keeps the value that the stack has, or its default. An earlier release is installed in the
# same way, over a later one. It needs bash, the AWS CLI (1 or 2), and sha256sum or shasum.
set -euo pipefail

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

usage() {
  sed -n '/^#   install.sh/,/^#   Key/s/^# *//p' "$0" >&2
  exit 64
}

bucket='' stack='' file=''
given=()
while [ $# -gt 0 ]; do
  case $1 in
    --bucket | --stack | --parameters)
      [ $# -gt 1 ] || usage
      case $1 in
        --bucket) bucket=$2 ;;
        --stack) stack=$2 ;;
        --parameters) file=$2 ;;
      esac
      shift 2
      ;;
    [A-Za-z]*=*)
      given+=("$1")
      shift
      ;;
    *) usage ;;
  esac
done
[ -n "$bucket" ] || usage
[ -z "$file" ] || [ -r "$file" ] || fail "can't read $file"

parameters=()
named_stack=''
add() {
  case $1 in
    StackName=*) named_stack=${1#*=} ;;
    Region=*) AWS_REGION=${1#*=} ;;
    *) parameters+=("$1") ;;
  esac
}
if [ -n "$file" ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      '' | '#'*) ;;
      [A-Za-z]*=*) add "$line" ;;
      *) fail "$file: not Key=Value: $line" ;;
    esac
  done < "$file"
fi
for each in ${given[@]+"${given[@]}"}; do add "$each"; done
stack=${stack:-${named_stack:-isthmus}}

cd "$(dirname "$0")"

# The files are those of the release.
command -v aws > /dev/null || fail "the AWS CLI is not installed: https://docs.aws.amazon.com/cli/"
if command -v sha256sum > /dev/null; then
  sum() { sha256sum "$@"; }
else
  sum() { shasum -a 256 "$@"; }
fi
checked=$(sum -c SHA256SUMS 2>&1) || fail "these files are not those of the release:
$(grep -v ': OK$' <<< "$checked")"
version=$(cat VERSION)
# The name of what is uploaded has a digest of all files: other bytes have another name, and CloudFormation sees the change.
prefix="isthmus/$version-$(sum < SHA256SUMS | cut -c 1-12)/"

# Credentials, Region and parameters, before anything is changed.
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}
[ -n "$region" ] || fail "there is no Region: set AWS_REGION, or Region= in the file of parameters"
export AWS_REGION="$region" AWS_DEFAULT_REGION="$region" # CLI 2 reads the first one, CLI 1 the second
account=$(aws sts get-caller-identity --query Account --output text) || fail "there are no valid credentials of AWS"
location=$(aws s3api get-bucket-location --bucket "$bucket" --query LocationConstraint --output text) ||
  fail "bucket $bucket can't be used"
case $location in None | null | '') location=us-east-1 ;; EU) location=eu-west-1 ;; esac
[ "$location" = "$region" ] || fail "bucket $bucket is in $location, but the stack's Region is $region"

known=$(sed -n '/^Parameters:/,/^[A-Z]/s/^  \([A-Za-z0-9]*\):.*/\1/p' template.yaml)
architecture=''
for each in ${parameters[@]+"${parameters[@]}"}; do
  key=${each%%=*}
  case $key in CodeBucket | CodePrefix) fail "$key is set by install.sh" ;; esac
  grep -qx "$key" <<< "$known" || fail "the stack has no parameter $key"
  [ "$key" = Architecture ] && architecture=${each#*=}
done

# The processor: as given, else as the stack has it, else arm64, else the only one of this release.
has() { grep -q -- "-$1\.zip\$" SHA256SUMS; }
if [ -z "$architecture" ]; then
  architecture=$(aws cloudformation describe-stacks --stack-name "$stack" --output text \
    --query "Stacks[0].Parameters[?ParameterKey=='Architecture'].ParameterValue" 2> /dev/null || true)
  if [ -z "$architecture" ] || [ "$architecture" = None ]; then
    if has arm64; then architecture=arm64; else architecture=x86_64; fi
  fi
fi
has "$architecture" || fail "this release has no functions for $architecture"
parameters+=("Architecture=$architecture" "CodeBucket=$bucket" "CodePrefix=$prefix")

echo "Isthmus $version ($architecture) as stack $stack in $region of account $account"
aws s3 cp . "s3://$bucket/$prefix" --recursive --only-show-errors \
  --exclude '*' --include "*-$architecture.zip" --include '*.asl.json'
aws cloudformation deploy --stack-name "$stack" --template-file template.yaml \
  --s3-bucket "$bucket" --s3-prefix "${prefix%/}" --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND \
  --no-fail-on-empty-changeset --parameter-overrides "${parameters[@]}"
aws cloudformation describe-stacks --stack-name "$stack" --output text \
  --query "Stacks[0].Outputs[?OutputKey=='Version'].['installed: Isthmus', OutputValue]"
