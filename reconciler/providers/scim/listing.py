"""Reads all resources of a kind: every page, each resource once, or an error.

Source: RFC 7644, section 3.4.2.4: a service may give fewer than was asked, so the next page begins
after what was received. What is known of services that do otherwise: some ignore startIndex, some
fail on any count, some have no stable order, and totalResults may change meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from reconciler.errors import UnexpectedResponseError
from reconciler.providers.scim.client import Client, NoSuchListError, Row
from reconciler.providers.scim.features import Features
from reconciler.providers.scim.resources import text_of, value_of

_PASSES = 3
"""How often a list is read that changes, or comes out shorter than the service says it is."""


@dataclass(slots=True)
class _Found:
    """What was read so far of one list, all of it while the service counted `total`."""

    rows: dict[str, Row] = field(default_factory=dict)
    total: int = -1
    is_steady: bool = True

    def begin(self) -> None:
        """Read it once more: what was read is kept unless the list has changed since."""
        if not self.is_steady:
            self.rows, self.total, self.is_steady = {}, -1, True

    def take(self, rows: dict[str, Row], total: int) -> None:
        """Note a page. Rows shift when a list changes, and one may slip between two pages."""
        self.is_steady = self.is_steady and self.total in (-1, total)
        self.rows.update(rows)
        self.total = total

    @property
    def is_whole(self) -> bool:
        return self.is_steady and len(self.rows) >= self.total


def read_all(client: Client, features: Features, path: str) -> tuple[Row, ...]:
    """Every resource at `/Users` or `/Groups`, in order of id.

    Raises UnexpectedResponseError where the list cannot be read whole.
    """
    found = _Found()
    read = _follow_cursors if features.by_cursor else _read_pages
    for _ in range(_PASSES):
        found.begin()
        read(client, features, path, found)
        if found.is_whole:
            return tuple(found.rows[key] for key in sorted(found.rows))
    if not found.is_steady:
        text = f"GET {path}: the list changed each time while it was read; run again"
        raise UnexpectedResponseError(client.target, text)
    text = f"GET {path} gave {len(found.rows)} of {found.total} resources, and no more"
    hint = "its paging is not as RFC 7644 says, or somebody changes it: run again"
    raise UnexpectedResponseError(client.target, f"{text}; {hint}")


def _follow_cursors(client: Client, features: Features, path: str, found: _Found) -> None:
    """Read from cursor to cursor. The first page is asked with none; the last one names no next.

    Source: RFC 9865, section 2. A list need not say how long it is.
    """
    asked, count = "cursor", features.page_size
    seen: set[str] = set()
    for _ in range(client.options.max_pages):
        page = _page(client, path, asked, count)
        if page is None:  # it fails on any count
            count = 0
            continue
        total = (
            _total(client, path, page)
            if value_of(page, "totalResults") is not None
            else found.total
        )
        found.take(_rows(client, path, page), total)
        cursor = text_of(page, "nextCursor")
        if not cursor or not found.is_steady:
            return
        if cursor in seen:
            text = f"GET {path}: it gives the same cursor again and again, so the list has no end"
            raise UnexpectedResponseError(client.target, text)
        seen.add(cursor)
        asked = f"cursor={quote(cursor, safe='')}"
    raise _too_long(client, path)


def _too_long(client: Client, path: str) -> UnexpectedResponseError:
    text = f"GET {path}: more than max_pages ({client.options.max_pages}) answers"
    return UnexpectedResponseError(client.target, f"{text}; raise max_pages or page_size")


def _read_pages(client: Client, features: Features, path: str, found: _Found) -> None:
    start, count = 1, features.page_size
    received: set[str] = set()
    for _ in range(client.options.max_pages):
        page = _page(client, path, f"startIndex={start}", count)
        if page is None:  # it fails on any count
            count = 0
            continue
        rows = _rows(client, path, page)
        found.take(rows, _total(client, path, page))
        is_news = not received.issuperset(rows)
        received.update(rows)
        start += len(rows)
        if not rows or not is_news or start > found.total or not found.is_steady:
            return
    raise _too_long(client, path)


def _page(client: Client, path: str, asked: str, count: int) -> Row | None:
    """One page; None where the service fails on the number that was asked."""
    response = client.get(f"{path}?{asked}" + (f"&count={count}" if count else ""))
    if response.status_code in (404, 501):
        raise NoSuchListError(client.target, f"GET {path} gave {client.described(response)}")
    if response.status_code in (400, 500) and count:
        return None
    return client.row(client.json(response), f"GET {path}")


def _total(client: Client, path: str, page: Row) -> int:
    total = value_of(page, "totalResults")
    if isinstance(total, bool) or not isinstance(total, int):
        text = f'GET {path}: its answer has no "totalResults", so it is no list'
        raise UnexpectedResponseError(client.target, text)
    return total


def _rows(client: Client, path: str, page: Row) -> dict[str, Row]:
    """The resources of a page by id; `Resources` may be absent where there are none."""
    resources = value_of(page, "Resources") or []
    rows: dict[str, Row] = {}
    for each in resources if isinstance(resources, list) else [None]:
        key = value_of(each, "id") if isinstance(each, dict) else None
        if not isinstance(each, dict) or not isinstance(key, str) or not key:
            text = f"GET {path}: a resource without an id"
            raise UnexpectedResponseError(client.target, text)
        rows[key] = each
    return rows
