"""A Django project that stands in for Graphistry's nexus: its user model and the apps beside it."""
