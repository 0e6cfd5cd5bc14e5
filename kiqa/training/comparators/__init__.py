"""Comparators that are networks: CNNIQA (`regression`), NIMA and KonCept512 (`heads`)."""
