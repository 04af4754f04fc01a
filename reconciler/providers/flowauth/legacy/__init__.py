"""FlowAuth up to 1.17, where groups hold rights on servers and roles are unknown.

A role of the manifest is a group of its name with rights on one server, or, where a user has its
name, that user's own group. `words` turns scopes into these releases' rights and back; `routes` and
`strings` are the two ways to write these rights; the rest has the names of its newer sisters.
"""
