"""Readers of published image quality data sets, one file each, in their published layouts.

Each reader finds the score file, reads it, compares its rows with the image
files, states scale and direction, and returns records; pixels are read later.
Where a data set has reference images, each record has the distorted image,
its reference, the kind of distortion and its level; its content is the
reference, so that no split separates versions of one image. Rows whose image
or reference is missing are reported through `logging` and left out, unless
``require_complete=True`` insists on the published number of images.
"""
