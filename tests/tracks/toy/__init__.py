"""A track of two steps: a REST API of its own, and a resource in it."""
