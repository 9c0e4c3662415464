"""`make bench`: the functions beside what users would pick instead, and beside the floor, measured in one run."""
