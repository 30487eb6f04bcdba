"""Finds what moved in a frame."""
