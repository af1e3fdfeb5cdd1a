"""The pure planner: which steps make the Dropbox equal to the Dashboard. Knows neither Django nor the network."""
