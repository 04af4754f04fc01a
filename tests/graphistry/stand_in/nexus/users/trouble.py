"""What goes wrong inside the product: TROUBLE names a file with one word and a number.

`refuse 2`: the second user that is written is refused. `die 2`: the process dies in its place.
`slow 2`: it takes as long as nobody waits. `steady 100`: each takes so many milliseconds.
"""

import os
import time
from itertools import count
from pathlib import Path

from django.db import IntegrityError
from django.db.models.signals import pre_save

_written = count(1)


def connect():
    pre_save.connect(_write, sender="users.User", weak=False)


def _write(**_):
    path = Path(os.environ.get("TROUBLE") or os.devnull)
    said = path.read_text().split() if path.is_file() else []
    if said[:1] == ["steady"]:
        time.sleep(int(said[1]) / 1000)
    if said[:1] not in (["die"], ["slow"], ["refuse"]) or next(_written) != int(said[1]):
        return
    if said[0] == "die":
        os._exit(137)
    if said[0] == "slow":
        time.sleep(3600)
    raise IntegrityError("no more of them\nDETAIL: Failing row contains (canary-hash)")
