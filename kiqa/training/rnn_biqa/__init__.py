"""RNN-BIQA: the pooling network on stored features, and their extractor."""
