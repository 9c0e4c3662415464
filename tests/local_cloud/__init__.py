"""The local cloud: MiniStack and moto, held to AWS's own behaviour, started and stopped as one."""
