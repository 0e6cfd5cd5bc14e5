"""Bytes to arrays and back: images, quality maps, weights."""
