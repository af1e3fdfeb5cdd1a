"""Work that is due: a lease taken by one conditional UPDATE with fencing, the worker, the schedule."""
