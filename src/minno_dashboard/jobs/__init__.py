"""Background work: leases taken by one conditional UPDATE with fencing, the worker, one-shot and periodic jobs."""
