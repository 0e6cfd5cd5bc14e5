"""Maps of local quality against a ground truth: ROC-AUC, and its summary over images."""
