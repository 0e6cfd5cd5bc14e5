"""Training of `lite`, our own scorer; `kiqa.training.lite.train` says how."""
