"""Decides when motion starts and stops, and which frame shows it best."""
