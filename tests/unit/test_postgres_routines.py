"""Signatures of functions as parts of a statement."""

from __future__ import annotations

import pytest

from reconciler.providers.postgres.routines import routine, split_signature


@pytest.mark.parametrize(
    "signature, shown",
    [
        ("f()", '"s"."f"()'),
        ("f(integer, text[])", '"s"."f"(integer, text[])'),
        ("f(timestamp with time zone)", '"s"."f"(timestamp with time zone)'),
        ('f(other."odd ""type")', '"s"."f"(other."odd ""type")'),
        ('f("type(1)")', '"s"."f"("type(1)")'),
        ("a(b(integer)", '"s"."a(b"(integer)'),
        ('quo"te(bytea)', '"s"."quo""te"(bytea)'),
        ("f()(integer)", '"s"."f()"(integer)'),
    ],
)
def test_the_name_is_quoted_and_the_types_are_kept(signature: str, shown: str) -> None:
    assert routine("s", signature).as_string(None) == shown


@pytest.mark.parametrize(
    "signature",
    [
        "f",
        "f(integer",
        "(integer)",
        "f(integer); DROP TABLE t; --)",
        "f(integer) TO PUBLIC; --)",
        'f("integer)',
        "f('x')",
        "f(int\0)",
        "f(/* x */)",
    ],
)
def test_what_is_no_list_of_types_is_refused(signature: str) -> None:
    with pytest.raises(ValueError, match="not the signature"):
        split_signature(signature)
