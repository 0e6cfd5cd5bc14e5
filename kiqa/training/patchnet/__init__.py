"""The thesis's cross-validation of Patchnet on KonPatch."""
