"""The HTTP gateway: owns the public port, waits for slow clients, passes requests on to the processes behind it."""
