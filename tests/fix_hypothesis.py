"""How hard the property tests look: profile `ci` at every run, `nightly` when there is time.

Choose with `--hypothesis-profile=nightly` or `HYPOTHESIS_PROFILE=nightly`.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.data_too_large)

settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,  # machines differ; a time limit would fail by chance
    derandomize=True,  # the same examples at each run: what fails here fails there
    database=None,
    suppress_health_check=_SLOW_IS_FINE,
)
settings.register_profile(
    "nightly",
    max_examples=2000,
    deadline=None,
    print_blob=True,
    suppress_health_check=_SLOW_IS_FINE,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
