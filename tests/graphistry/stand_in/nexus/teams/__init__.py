"""Organisations with members, and models that look like them and are none."""
