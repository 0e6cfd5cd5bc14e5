"""Tables and figures of the PaQ-2-PiQ paper."""
