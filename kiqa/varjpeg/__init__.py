"""VarJPEG: JPEG with a quality per block, and how well it does against plain JPEG."""
