"""kiqa's own experiments with VarJPEG."""
