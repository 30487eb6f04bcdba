"""Cameras for tests: real servers and senders on loopback, whose pictures carry their number."""
