"""Patchnet from the MOS of whole images: the recipe of the shipped weights."""
