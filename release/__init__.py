"""What a release consists of, and how it is deployed from a checkout."""
