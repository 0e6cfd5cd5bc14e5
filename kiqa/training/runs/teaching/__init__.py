"""More to train on: images with other histories, degraded ones, and a teacher's scores."""
