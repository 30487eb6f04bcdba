"""Speed and memory, as ratios within one run against a named peer or a physical floor."""
