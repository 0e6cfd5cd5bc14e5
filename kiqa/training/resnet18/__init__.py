"""A start for PaQ-2-PiQ's body: a ResNet-18 that learns a teacher's features."""
