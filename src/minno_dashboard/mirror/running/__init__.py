"""One run of a mirror: claiming due links, reading changes, carrying out the plan, proving, back-off."""
