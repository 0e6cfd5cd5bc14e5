"""From people's ratings to mean opinion scores."""
