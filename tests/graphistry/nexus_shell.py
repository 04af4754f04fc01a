"""The command that a target of these tests is configured with: the real `manage.py shell` of the
stand-in, and all that can come between it and who asks.

Arguments: the folder of an installation. In it are the database, or `url`, which says where it is;
`trouble`, which says in a word and a number what goes wrong; and `calls`, which takes a line for
each run.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

STAND_IN = Path(__file__).parent / "stand_in"
FOLDER = Path(sys.argv[1])
DATABASE, TROUBLE, URL = FOLDER / "db.sqlite3", FOLDER / "trouble", FOLDER / "url"


def shell() -> None:
    """Django's shell in this very process."""
    os.chdir(STAND_IN)
    sys.path.insert(0, str(STAND_IN))
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", "shell"])
    if "reconciler" in sys.modules:
        sys.exit("what is sent has to run where reconciler is not")


def answer() -> bytes:
    """What the shell would have printed."""
    text = sys.stdin.buffer.read()
    run = subprocess.run(
        [sys.executable, "-IB", "manage.py", "shell"],
        cwd=STAND_IN,
        input=text,
        stdout=subprocess.PIPE,
        check=True,
    )
    return run.stdout


def late() -> None:
    """The text arrives when the shell has given up waiting for it, and prompts for lines."""
    with subprocess.Popen(
        [sys.executable, "-IB", "manage.py", "shell"],
        cwd=STAND_IN,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        seen = b""
        while not seen.endswith(b">>> "):
            byte = process.stdout.read(1)
            assert byte, seen
            seen += byte
        process.stdin.write(sys.stdin.buffer.read())
        process.stdin.close()
        write(seen + process.stdout.read())


def write(output: bytes) -> None:
    """Print this."""
    sys.stdout.buffer.write(output)
    sys.stdout.buffer.flush()


def silent() -> None:
    """The shell answers that all is done, and nothing of it stays."""
    kept = DATABASE.with_suffix(".kept")
    shutil.copy(DATABASE, kept)
    output = answer()
    os.replace(kept, DATABASE)
    write(output)


def main() -> None:
    """Do as the trouble says."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "nexus.settings"
    database = URL.read_text() if URL.is_file() else str(DATABASE)
    os.environ |= {"STAND_IN_DATABASE": database, "TROUBLE": str(TROUBLE)}
    with (FOLDER / "calls").open("a") as calls:
        calls.write(json.dumps({"argv": sys.argv, "environ": dict(os.environ)}) + "\n")
    words = TROUBLE.read_text().split() if TROUBLE.is_file() else []
    number = words[1] if len(words) > 1 else "0"
    match words[0] if words else "":
        case "exit":
            sys.stderr.write("Error: No such container: nexus\n")
            sys.exit(int(number))
        case "traceback":
            raise RuntimeError("the product does not start")
        case "hang":
            sys.stdin.buffer.read()
            signal.pause()
        case "late":
            late()
        case "silent":
            silent()
        case "lose":
            answer()
        case "fail":
            write(answer())
            sys.exit(int(number))
        case "cut":
            output = answer()
            write(output[: output.index(b":end>>>") - int(number)])
        case "twice":
            write(2 * answer())
        case "foreign":
            write(answer().replace(b"<<<reconciler:", b"<<<reconciler:0"))
        case "noise":
            sys.stderr.write("WARNING \x1b[31mof no interest\x1b[0m\n" * 10_000)
            write(b"banner >>> " + answer() + b"\nDeprecationWarning: \xff\xfe\n")
        case _:
            shell()


main()
