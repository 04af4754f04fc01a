"""Django's command line for the stand-in, as every Django project has it."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))  # python -I leaves it out
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexus.settings")
    execute_from_command_line(sys.argv)
