"""A throw-away PostgreSQL server and the FlowDB-like database in it.

`binaries` finds server programs, `cluster` runs them, `template` makes many clusters quickly,
`flowdb` fills one. Nothing here is imported on the package's behalf: import the module you need.
"""
