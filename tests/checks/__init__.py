"""Static checks of what is deployed: the template, the state machines and the policies. `make check` runs them."""
