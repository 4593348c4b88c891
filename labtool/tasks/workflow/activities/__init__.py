"""What a step can do: one file each, found by the name that the YAML uses."""
