"""Networks that rate pieces of images, trained on the scores of whole images.

What the learned comparators share: `kiqa.training.comparators.regression.forms` says of
each what it looks at, the other modules train it.
"""
