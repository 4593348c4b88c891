"""The lab's one YAML file: reading it, and saying where its mistakes are."""

from labtool.core.config.load import Config, find, load, validate
from labtool.core.config.secrets import Secret

__all__ = ["Config", "Secret", "find", "load", "validate"]
