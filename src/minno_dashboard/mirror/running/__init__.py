"""One run of a mirror: whose turn it is, what changed, sending it, proving it, and how long to wait."""
