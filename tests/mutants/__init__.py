"""Mutants: small, wrong changes to the guards of the domain, each of which a Rust test has to notice.

`lists/<guard>.toml` has them. `make mutants` applies one at a time to a copy of the repository, and runs the tests named there.
"""
