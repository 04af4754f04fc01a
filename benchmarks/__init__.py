"""Measures the product against the physical limit, in one run and on one throw-away server.

`workload` says what is measured, `limits` and the scripts `floor` and `events` are what nothing can
beat, `process` measures a program from outside, `rounds` puts them in turn, `table` shows the
result. How to run it stands in docs/benchmarks.md.
"""
