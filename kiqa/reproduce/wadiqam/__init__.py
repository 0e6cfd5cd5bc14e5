"""Tables and figures of the paper on DIQaM and WaDIQaM."""
