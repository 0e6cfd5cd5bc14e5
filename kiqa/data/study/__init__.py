"""Images and patches for a study of their quality: features, sampling, cropping."""
