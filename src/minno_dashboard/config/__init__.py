"""The site as a whole: settings, environment, URLs, commands, the processes of `serve`."""
