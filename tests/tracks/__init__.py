"""A second track, and what asks a track."""
