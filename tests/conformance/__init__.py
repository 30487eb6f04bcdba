"""What known viewers ask of a stream, held against the real daemon with numbered pictures."""
