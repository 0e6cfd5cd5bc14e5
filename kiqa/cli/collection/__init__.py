"""Commands on a collection of images: its report, and the best of it."""
