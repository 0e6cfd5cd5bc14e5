"""The aggregator on stacks of maps."""
