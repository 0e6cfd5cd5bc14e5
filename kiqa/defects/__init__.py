"""Detectors of what people call bad in an image, each by a measure with a limit.

`kiqa.reasons` is `kiqa.defects.reasons.reasons`. Arrays to numbers, without a
network: ``sharpness``, ``noise``, ``exposure``, ``compression``, ``resolution``.
"""
