"""Tells the world over MQTT."""
