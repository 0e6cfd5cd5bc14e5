"""What the scorer `lite` is made of, one choice at a time."""
