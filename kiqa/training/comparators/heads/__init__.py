"""Heads over the pooled features of a body that stays as it is.

What NIMA and KonCept512 share here: features are computed once, and a head of some
dense layers is trained on them (`kiqa.comparators.learned.body`).
"""
