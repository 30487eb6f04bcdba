"""The methods `running_average` and `mog2`: a background finds pixels, rules find regions."""
