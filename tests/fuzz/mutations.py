"""Damaged copies of valid files: flipped, cut, doubled and spliced bytes, and JSON with other values in it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

TOKENS = (b"", b"\0", b"\xff" * 4, b"-1", b"9" * 30, b"1e999", b"nan", b"null", b"{", b"[" * 200, b"\n", b",", b"'",
          b'"', b"\x80", b"<", b"&x;", b"../../x", b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f")  # fmt: skip
JUNK: tuple[Any, ...] = (None, -1, 0, 3, 2.5, 10**30, float("nan"), float("inf"), True, "", "x", "\0", "=1", [], [1],
                         {}, {"a": 1}, [[1]], [None], "x" * 5000, [[[[]]]], -(10**18))  # fmt: skip


def damaged(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield damaged copies of a file; every second one of JSON is JSON still."""
    rng = random.Random(seed)
    try:
        document = json.loads(data)
    except ValueError:
        document = None
    for number in range(count):
        if document is not None and number % 2:
            yield json.dumps(with_other_values(document, rng)).encode()
        else:
            yield with_other_bytes(data, rng)


def with_other_bytes(data: bytes, rng: random.Random) -> bytes:
    """Change some bytes of a file, its head more often than the rest."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        end = len(changed) if rng.random() < 0.6 else min(len(changed), 256)
        place, length = rng.randrange(end + 1), rng.choice((1, 1, 2, 4, 8, 64))
        kind = rng.randrange(6)
        if kind == 0 and place < len(changed):
            changed[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed[place : place + length] = rng.choice(TOKENS)
        elif kind == 2:
            del changed[place:]
        elif kind == 3:
            del changed[place : place + length]
        elif kind == 4:
            source = rng.randrange(len(changed) + 1)
            changed[place:place] = changed[source : source + 4 * length]
        else:
            changed[place : place + length] = rng.randbytes(length)
    return bytes(changed)


def with_other_values(document: Any, rng: random.Random) -> Any:
    """Replace, remove or repeat values of a JSON document."""
    changed = [copy.deepcopy(document)]
    for _ in range(rng.choice((1, 1, 2, 3))):
        parent, key = changed, 0
        while isinstance(parent[key], (dict, list)) and parent[key] and rng.random() < 0.8:
            parent = parent[key]
            key = rng.choice(list(parent)) if isinstance(parent, dict) else rng.randrange(len(parent))
        kind = rng.randrange(4)
        if kind == 0 and parent is not changed:
            del parent[key]
        elif kind == 1 and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))
        else:
            parent[key] = copy.deepcopy(rng.choice(JUNK))
        if not parent:
            break
    return changed[0] if changed else None
