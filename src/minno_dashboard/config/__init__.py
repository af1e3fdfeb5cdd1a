"""How the site is put together: settings, environment, addresses, commands."""
