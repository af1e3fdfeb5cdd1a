"""`make bench`: the mirror beside rclone, on the same files, against the same simulated Dropbox, in one run."""
