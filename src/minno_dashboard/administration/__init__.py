"""What admins see and do of the site as a whole: space, usage, limits, the home page, hand-over, acting as somebody."""
