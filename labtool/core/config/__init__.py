"""The lab's one YAML file: reading it, and saying where its mistakes are."""

from labtool.core.config.load import Config, bare, find, load, validate
from labtool.core.config.secrets import Secret

__all__ = ["Config", "Secret", "bare", "find", "load", "validate"]
