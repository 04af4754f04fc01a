"""The manifest: read from YAML with a place for every value, checked, and given as frozen models.

What the manifest means for a target is `reconciler.desired`.
"""
