"""Access to databases and APIs, kept as one YAML file in git, planned and applied."""

__version__ = "0.1.0"
