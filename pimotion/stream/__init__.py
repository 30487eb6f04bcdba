"""Shows the live picture over HTTP."""
