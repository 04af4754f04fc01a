"""How hard the property tests look: profile `ci` at every run, `nightly` when there is time.

Choose with `--hypothesis-profile=nightly` or `HYPOTHESIS_PROFILE=nightly`. `ci` looks at the same
examples at each run. `nightly` looks at others each time: the report's header names the seed, and
`--hypothesis-seed=SEED` gives the same ones again.
"""

from __future__ import annotations

import os
import secrets

import pytest
from hypothesis import HealthCheck, settings

_SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.data_too_large)
_PROFILE_OPTION = "hypothesis_profile"
_SEED_OPTION = "hypothesis_seed"
_SEED_OF_CI = "1"

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


@pytest.hookimpl(tryfirst=True)  # before hypothesis looks at its options
def pytest_configure(config: pytest.Config) -> None:
    """Throw a seed where nobody gave one; other processes of the run get it with the options."""
    profile = config.getoption(_PROFILE_OPTION, None)
    chosen = settings.get_profile(profile) if profile else settings()
    if not chosen.derandomize and config.getoption(_SEED_OPTION, None) is None:
        setattr(config.option, _SEED_OPTION, str(secrets.randbelow(2**32)))


def pytest_report_header(config: pytest.Config) -> str:
    """Say how to look at the same examples again."""
    seed = config.getoption(_SEED_OPTION, None)
    return f"examples: --hypothesis-seed={seed}" if seed else "examples: the same at every run"


@pytest.fixture
def random_seed(request: pytest.FixtureRequest) -> str:
    """A seed for tests that throw dice of their own."""
    return str(request.config.getoption(_SEED_OPTION, None) or _SEED_OF_CI)
