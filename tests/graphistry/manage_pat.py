"""Stands in for the scripts of the product that look after personal keys and move what is owned.

Argument: the folder of an installation. As the product's, they take ACTION, USER and TOKEN_ID, or
FROM_USER and TO_USER, from the environment. In the folder are `keys`, a JSON object of users with
their keys by ID; `moved`, which takes a line for each move; `ran`, which takes one for each run;
`script-trouble`, which says in a word what goes wrong.
"""

import json
import os
import sys
import time
from pathlib import Path

FOLDER = Path(sys.argv[1])
KEYS, TROUBLE = FOLDER / "keys", FOLDER / "script-trouble"


def manage(action: str, user: str, key: str, trouble: str) -> None:
    keys = json.loads(KEYS.read_text()) if KEYS.is_file() else {}
    held = keys.get(user, {})
    if action == "revoke" and trouble != "stubborn":
        held.pop(key)
        KEYS.write_text(json.dumps(keys))
    if action == "list":
        print("ID        NAME")
        for each, name in sorted(held.items()):
            print(f"{each}  {name}".rstrip())
        if trouble == "strange":
            print("and 3 more canary-key-text")


def main() -> None:
    asked = {k: os.environ[k] for k in ("ACTION", "FROM_USER") if k in os.environ}
    action, user = os.environ.get("ACTION", "move"), os.environ.get("USER", "")
    with (FOLDER / "ran").open("a") as ran:
        shown = {"argv": sys.argv, "environ": dict(os.environ)}
        ran.write(json.dumps({**asked, "USER": user, **shown}) + "\n")
    trouble = TROUBLE.read_text() if TROUBLE.is_file() else ""
    if trouble in ("refuse", f"refuse-{action}"):
        print("canary-key-text")
        sys.exit("nexus does not run")
    if trouble == "hang":
        time.sleep(3600)
    if trouble == "bytes":
        sys.stdout.buffer.write(b"\xff\xfe\n")
    if action == "move":
        with (FOLDER / "moved").open("a") as moved:
            moved.write(f"{os.environ['FROM_USER']} to {os.environ['TO_USER']}\n")
    else:
        manage(action, user, os.environ.get("TOKEN_ID", ""), trouble)


main()
