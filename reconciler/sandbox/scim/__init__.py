"""A SCIM service on loopback: the PyPI package scim2-server, with users and groups kept in memory.

Its parts: `backend` (the package, asked one request at a time) and `simulator` (the HTTP edge).
Importing them needs the package, which is optional.
"""
