"""A study played before it starts: simulated patients through the real services, on databases that are thrown away."""
