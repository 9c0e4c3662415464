"""What the roles of the stack may do: the policies of the templates, evaluated as IAM does, without AWS."""
