"""The screens. None owns the work: they ask the app's session for it."""
