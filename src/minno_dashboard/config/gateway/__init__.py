"""The HTTP gateway: owns the public port, waits for slow clients, forwards requests to the processes behind it."""
