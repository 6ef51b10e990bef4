"""What ``make bench`` prints: figures and ratios, no verdicts."""
