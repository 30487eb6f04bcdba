"""The command `doctor`: tries everything for real and says what to do about each failure."""
