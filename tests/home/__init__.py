"""A real Home Assistant, what it makes of an announcement, and a camera and daemon beside it."""
