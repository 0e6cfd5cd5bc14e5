"""DIQaM and WaDIQaM, with and without a reference."""
