"""Long runs, by `make soak` alone."""
