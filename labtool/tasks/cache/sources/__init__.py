"""The kinds of sources, one file each: a model `Options` with a method `fetch`."""
