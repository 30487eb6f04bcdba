"""Turns any camera into a motion sensor that Home Assistant can trust."""

__version__ = "0.1.0"
