"""The intake of participants' posts: plain Python without Django."""
