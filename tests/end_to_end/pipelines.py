"""Runs the scripts of `examples/pipelines` as a pipeline does: with the AWS CLI, against the local cloud."""

import os
import subprocess
from pathlib import Path

from local_cloud.deployed import REPOSITORY

EXAMPLES = REPOSITORY / "examples" / "pipelines"


class Pipeline:
    """A pipeline's shell. The Makefile installs the AWS CLI."""

    examples = EXAMPLES

    def __init__(self, environment: dict[str, str]) -> None:
        tools = Path(os.environ["PIPELINE_TOOLS"]) / "bin"
        self.variables = {
            **environment,
            "PATH": f"{tools}:{os.environ['PATH']}",
            # Neither the user's own profile nor the instance metadata service is used.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            # The pipeline's own Region isn't the stack's: the scripts take that from the ARN.
            "AWS_REGION": "ap-southeast-2",
            "AWS_DEFAULT_REGION": "ap-southeast-2",
            "POLL_SECONDS": "1",
        }

    def start(self, script: str, text: str, **variables: str) -> subprocess.Popen[str]:
        """Starts an example script with `text` as its standard input."""
        process = subprocess.Popen(
            [EXAMPLES / script, "-"],
            env=self.variables | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin
        process.stdin.write(text)
        process.stdin.close()
        process.stdin = None  # closed: `communicate` must not write to it
        return process

    def run(self, script: str, text: str, **variables: str) -> subprocess.CompletedProcess[str]:
        process = self.start(script, text, **variables)
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(script, process.returncode, out, err)
