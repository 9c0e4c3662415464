"""What `make package` writes."""
