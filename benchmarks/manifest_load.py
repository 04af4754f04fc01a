"""How long a large manifest takes to load, as a ratio to parsing the same text to events alone.

    python benchmarks/manifest_load.py [USERS]

prints seconds of processor time for reading, for all of loading, and for the events of libyaml's
parser. The ratio hardly depends on the machine; the seconds do.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable

import yaml

from reconciler.manifest.load import parse_manifest
from reconciler.manifest.yaml_reader import read_yaml

_ROUNDS = 3
_HEAD = """\
version: 1
targets:
  flowdb: {provider: postgres}
roles:
  reader: {target: flowdb}
  writer: {target: flowdb}
users:
"""
_USER = """\
  user{number:06d}:
    name: Person Number {number}
    email: user{number}@example.org
    kind: person
    state: active
    description: The {number}th person of the list
    accounts:
      flowdb:
        name: u{number}
        attributes: {{login: true}}
"""
_GRANT = """\
  - user: user{number:06d}
    role: reader
    until: 2027-06-30T00:00:00Z
    reason: DATA-{number}
"""


def _manifest(users: int) -> str:
    numbers = range(users)
    people = "".join(_USER.format(number=number) for number in numbers)
    grants = "".join(_GRANT.format(number=number) for number in numbers)
    return f"{_HEAD}{people}grants:\n{grants}"


def _parse_events(text: str) -> None:
    parser = yaml.CSafeLoader(text)
    while parser.get_event().__class__ is not yaml.StreamEndEvent:
        pass


def _best_s(action: Callable[[], object]) -> float:
    """The least processor time of some rounds, in seconds, without the garbage collector."""
    taken = []
    for _ in range(_ROUNDS):
        gc.collect()
        gc.disable()
        start = time.process_time()
        result = action()
        taken.append(time.process_time() - start)
        del result  # outside of the time: a program ends without giving its objects back
        gc.enable()
    return min(taken)


def main() -> None:
    users = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    text = _manifest(users)
    print(f"{users} users, {users} grants, {len(text) / 1e6:.1f} MB, {text.count(chr(10))} lines")
    events_s = _best_s(lambda: _parse_events(text))
    read_s = _best_s(lambda: read_yaml(text, "access.yaml"))
    load_s = _best_s(lambda: parse_manifest({"access.yaml": text}))
    print(f"events  {events_s:6.2f} s   1.00")
    print(f"read    {read_s:6.2f} s   {read_s / events_s:.2f}")
    print(f"load    {load_s:6.2f} s   {load_s / events_s:.2f}")


if __name__ == "__main__":
    main()
