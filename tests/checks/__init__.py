"""Static checks of templates, state machines, policies, pipelines and the version. `make check` runs them."""
