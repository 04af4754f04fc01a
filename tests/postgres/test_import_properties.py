"""`import` of random clusters of a real server: a plan with what it wrote changes nothing."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from hypothesis import given, settings

from reconciler.sandbox.postgres.template import ClusterTemplate
from tests.postgres.imports import assert_nothing_to_do, imported
from tests.postgres.random_clusters import before_16, clusters

_EXAMPLES = settings().max_examples * 3 // 10
"""Each starts a server: 30 at every run, 600 in the nightly profile."""


def _filled(dsn: str, statements: tuple[str, ...]) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        is_old = connection.info.server_version < 160000
        for statement in map(before_16, statements) if is_old else statements:
            connection.execute(statement.encode())


@settings(max_examples=_EXAMPLES)
@given(statements=clusters())
def test_any_cluster_is_imported_dif_01(
    cluster_template: ClusterTemplate, statements: tuple[str, ...]
) -> None:
    with cluster_template.cluster() as cluster, TemporaryDirectory() as folder:
        dsn = cluster.dsn()
        _filled(dsn, statements)

        text = imported(dsn)

        assert_nothing_to_do(text, dsn, Path(folder))
