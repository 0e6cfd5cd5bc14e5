"""Image -> map: quality maps of patch networks."""
