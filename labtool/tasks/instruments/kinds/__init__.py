"""The kinds of instruments: one file each, found by the name the YAML uses."""
