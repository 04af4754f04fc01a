"""The least that reading a YAML file takes in Python: every event of the C parser, nothing kept.

Run as a script: python events.py FILE. Prints the number of events.
"""

import gc
import sys

import yaml

gc.disable()
with open(sys.argv[1], "rb") as file:
    parser = yaml.CSafeLoader(file.read().decode())
count, next_event = 1, parser.get_event
while next_event().__class__ is not yaml.StreamEndEvent:
    count += 1
print(count)
