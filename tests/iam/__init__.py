"""What the stack's roles may do, judged as IAM would: the template's own policies, on this machine, without AWS."""
