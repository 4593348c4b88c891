"""labtool: the routine work of a research lab or a small community, in one command."""

__version__ = "0.1.0"
