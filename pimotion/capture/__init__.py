"""Gets frames from cameras, files and the network."""
