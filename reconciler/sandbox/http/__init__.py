"""What every simulated service shares: a real HTTP server on loopback, and the faults it can have.

The parts: `messages` (requests and replies), `server` (threads and sockets), `faults` (what goes
wrong, and when), `application` (the shell around a product's own answers), `simulator` (start, stop
and look inside).
"""
