"""Bodies: how much is read, and when reading stops."""

import gzip
import io
import zlib

import pytest

from hub.api.body import PIECE_BYTES, BodyError, read_body

LIMIT = 100_000


class Source(io.RawIOBase):
    """An input that counts what was taken from it; endless when `size` is None."""

    def __init__(self, size: int | None = 0, content: bytes = b"") -> None:
        self.left = size
        self.content = io.BytesIO(content)
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "an unbounded read"
        if self.left is None:
            piece = b"x" * size
        elif self.left:
            piece = b"x" * min(size, self.left)
            self.left -= len(piece)
        else:
            piece = self.content.read(size)
        self.taken += len(piece)
        return piece


def environ(source, length=None, encoding="", chunked=False):
    made = {"wsgi.input": source}
    if length is not None:
        made["CONTENT_LENGTH"] = str(length)
    if encoding:
        made["HTTP_CONTENT_ENCODING"] = encoding
    if chunked:
        made |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    return made


def test_read_body_when_its_length_is_stated_then_it_is_read_whole():
    assert read_body(environ(Source(content=b"abc"), 3), LIMIT) == b"abc"


def test_read_body_when_there_is_none_then_it_is_empty():
    assert read_body(environ(Source(content=b""), 0), LIMIT) == b""
    assert read_body(environ(Source(content=b"ignored")), LIMIT) == b""


def test_read_body_when_chunked_within_the_limit_then_it_is_read_whole():
    assert len(read_body(environ(Source(LIMIT), chunked=True), LIMIT)) == LIMIT


def test_read_body_when_the_stated_length_is_over_then_nothing_is_read():
    source = Source(size=None)
    with pytest.raises(BodyError) as caught:
        read_body(environ(source, LIMIT + 1), LIMIT)
    assert (caught.value.status, source.taken) == (413, 0)


def test_read_body_when_chunked_without_end_then_reading_stops_at_the_limit():
    source = Source(size=None)
    with pytest.raises(BodyError) as caught:
        read_body(environ(source, chunked=True), LIMIT)
    assert caught.value.status == 413
    assert source.taken <= LIMIT + PIECE_BYTES


def test_read_body_when_gzip_then_it_is_unpacked():
    packed = gzip.compress(b"hello" * 1000, mtime=0)
    assert read_body(environ(Source(content=packed), len(packed), "gzip"), LIMIT) == b"hello" * 1000


def test_read_body_when_gzip_bomb_then_it_is_cut_off_while_unpacking():
    packed = gzip.compress(b"\0" * 50_000_000, mtime=0)
    assert len(packed) < LIMIT
    with pytest.raises(BodyError) as caught:
        read_body(environ(Source(content=packed), len(packed), "gzip"), LIMIT)
    assert caught.value.status == 413


@pytest.mark.parametrize(
    ("content", "encoding", "status"),
    [
        (b"not gzip", "gzip", 400),
        (gzip.compress(b"abc", mtime=0)[:-4], "gzip", 400),
        (gzip.compress(b"abc", mtime=0) + b"more", "gzip", 400),
        (b"", "gzip", 400),
        (zlib.compress(b"abc"), "deflate", 415),
        (b"abc", "br", 415),
        (gzip.compress(gzip.compress(b"abc", mtime=0), mtime=0), "gzip, gzip", 415),
    ],
)
def test_read_body_when_the_encoding_is_wrong_then_it_says_so(content, encoding, status):
    with pytest.raises(BodyError) as caught:
        read_body(environ(Source(content=content), len(content), encoding), LIMIT)
    assert caught.value.status == status


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "٣", "9" * 40])
def test_read_body_when_the_length_is_no_number_then_400(length):
    with pytest.raises(BodyError) as caught:
        read_body(environ(Source(content=b"abc"), length), LIMIT)
    assert caught.value.status == 400


def test_read_body_when_shorter_than_stated_then_400():
    with pytest.raises(BodyError) as caught:
        read_body(environ(Source(content=b"abc"), 10), LIMIT)
    assert caught.value.status == 400
