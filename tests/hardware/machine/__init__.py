"""Stand-ins for devices, and machines to have them in: see docs/testing.md."""
