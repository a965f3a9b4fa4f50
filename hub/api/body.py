"""Reading a request's body without ever holding more than allowed, however it is sent.

Limits count the bytes that would be kept: a gzip bomb is cut off while it unpacks.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

PIECE_BYTES = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS


class BodyError(Exception):
    """The body cannot be taken; `status` is what the caller is told (400, 411, 413 or 415)."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def read_body(environ: dict[str, Any], limit: int) -> bytes:
    """The body of a WSGI request, unpacked when it came as gzip.

    `BodyError` 413 as soon as the stated length, the bytes read or the bytes unpacked exceed
    `limit`; nothing more is read then.
    """
    encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding in ("", "identity"):
        return _joined(_pieces(environ, limit), limit)
    if encoding not in ("gzip", "x-gzip"):
        raise BodyError(415, "send the body plain or as gzip")
    return _joined(_unpacked(_pieces(environ, limit), limit), limit)


def _pieces(environ: dict[str, Any], limit: int) -> Iterator[bytes]:
    length = _stated_length(environ)
    if length is not None and length > limit:
        raise BodyError(413, f"the body has more than {limit} bytes")
    source = environ["wsgi.input"]
    if length is None and not environ.get("wsgi.input_terminated"):
        # A server that neither states nor ends the input: reading would wait for ever.
        if environ.get("HTTP_TRANSFER_ENCODING"):
            raise BodyError(411, "send a Content-Length")
        return
    left = limit + 1 if length is None else length
    while left > 0:
        piece = source.read(min(PIECE_BYTES, left))
        if not piece:
            if length is not None:
                raise BodyError(400, "the body is shorter than its Content-Length")
            return
        left -= len(piece)
        yield piece


def _stated_length(environ: dict[str, Any]) -> int | None:
    stated = environ.get("CONTENT_LENGTH") or ""
    if not stated:
        return None
    if not (stated.isascii() and stated.isdigit() and len(stated) < 19):
        raise BodyError(400, "Content-Length is not a number")
    return int(stated)


def _unpacked(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(_GZIP)
    for packed in pieces:
        rest = packed
        while rest:
            if unpacker.eof:
                raise BodyError(400, "bytes follow the end of the gzip body")
            try:
                yield unpacker.decompress(rest, limit + 1)
            except zlib.error:
                raise BodyError(400, "the body is not valid gzip") from None
            rest = unpacker.unconsumed_tail or unpacker.unused_data
    if not unpacker.eof:
        raise BodyError(400, "the gzip body is cut short")


def _joined(pieces: Iterator[bytes], limit: int) -> bytes:
    first = next(pieces, b"")
    if len(first) > limit:
        raise BodyError(413, f"the body has more than {limit} bytes")
    kept, size = [first], len(first)
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise BodyError(413, f"the body has more than {limit} bytes")
        kept.append(piece)
    return kept[0] if len(kept) == 1 else b"".join(kept)
