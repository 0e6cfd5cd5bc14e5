"""What ``kiqa map`` makes of each image."""
