"""Comparators that learn from scores: what they look at, and what is fitted without epochs.

Their networks are in `kiqa.models`, the trainings with epochs in
`kiqa.training.comparators.regression` and `kiqa.training.comparators.heads`.
"""
