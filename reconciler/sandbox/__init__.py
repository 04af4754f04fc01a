"""Real systems to try things on, thrown away afterwards: a PostgreSQL server and simulators of
access APIs.

Here belongs what the demo, the sandbox command and the tests start. Nothing of it is imported by a
command that works on a real target.
"""
