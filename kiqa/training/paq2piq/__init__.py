"""PaQ-2-PiQ on images and patches."""
