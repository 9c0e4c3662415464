"""End to end: the deployed machine, the compiled functions, and EC2 read back by an independent client (boto3)."""
