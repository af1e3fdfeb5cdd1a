"""The fast path of what participants submit: plain Python without Django."""
