"""The FAQ's table as a doctor who looks at this cluster: what an event means here, what shows it, what mends it."""
