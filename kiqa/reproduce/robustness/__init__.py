"""Does a model rate the image, and not its file? Experiments for any scorer."""
