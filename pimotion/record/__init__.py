"""Remembers events and their stills."""
