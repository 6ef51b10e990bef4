"""What a run must never do: take bad input for good, touch what is others', open a door, tell a secret, obey a text."""
