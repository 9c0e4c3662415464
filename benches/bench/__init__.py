"""`make bench`: measures the functions, the same functions in Python, and the floor, the least that a function can take."""
