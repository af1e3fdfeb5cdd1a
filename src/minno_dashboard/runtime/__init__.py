"""Launch pages, test pages and study files for participants' browsers."""
