"""The files of MNIST: from a folder, a cache, a mirror; and every way that fails."""

from __future__ import annotations

import errno
import gzip
import hashlib
import http.server
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fishbook import download
from fishbook.download import (
    FILES,
    DataError,
    IdxFile,
    cache_folder,
    has_mnist,
    mnist_array,
)

ENVIRONMENT = ("FISHBOOK_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE")


def idx(values: np.ndarray[Any, Any]) -> bytes:
    """Give an array as an IDX file."""
    header = (0x0800 + values.ndim, *values.shape)
    return b"".join(n.to_bytes(4, "big") for n in header) + values.tobytes()


SMALL = {
    "train-images": np.arange(60, dtype=np.uint8).reshape(5, 4, 3),
    "train-labels": np.arange(5, dtype=np.uint8),
    "t10k-images": np.arange(24, dtype=np.uint8).reshape(2, 4, 3),
    "t10k-labels": np.arange(2, dtype=np.uint8),
}
RAW = {FILES[name].name: idx(values) for name, values in SMALL.items()}
IMAGES = FILES["train-images"].name
Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


def send(
    handler: http.server.BaseHTTPRequestHandler,
    body: bytes,
    code: int = 200,
    length: int | None = None,
) -> None:
    handler.send_response(code)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def good(handler: http.server.BaseHTTPRequestHandler) -> None:
    name = handler.path.rpartition("/")[2].removesuffix(".gz")
    send(handler, gzip.compress(RAW[name]))


class Server(http.server.ThreadingHTTPServer):
    """A server at which many may knock at the same time."""

    request_queue_size = 64


class Mirror:
    """A server on this computer whose answers a test chooses, the last one for good."""

    def __init__(self) -> None:
        self.answers: list[Answer] = [good]
        self.asked: list[str] = []
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.asked.append(self.path)
                answers = mirror.answers
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                answer(self)

            def log_message(self, *_: object) -> None: ...

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/mnist/"
        serve = self.server.serve_forever
        threading.Thread(target=serve, args=(0.02,), daemon=True).start()


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """Stand in for the mirrors, with files small enough to fail often."""
    mirror = Mirror()
    monkeypatch.setattr(download, "MIRRORS", (mirror.url,))
    yield mirror
    mirror.server.shutdown()
    mirror.server.server_close()


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Use small files and an empty cache; let no proxy come between."""
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("FISHBOOK_DATA")
    monkeypatch.setenv("no_proxy", "*")
    small = {
        name: IdxFile(FILES[name].name, values.shape, sha256(idx(values)))
        for name, values in SMALL.items()
    }
    monkeypatch.setattr(download, "FILES", small)
    monkeypatch.setattr(download, "MIRRORS", ())
    return cache_folder()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def everything_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*")) if folder.exists() else []


def put(folder: Path, name: str = IMAGES, data: bytes | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(RAW[IMAGES] if data is None else data)
    return path


@pytest.mark.parametrize("name", SMALL)
def test_a_mirror_gives_each_file_and_the_cache_keeps_it(
    mirror: Mirror, cache: Path, name: str
) -> None:
    np.testing.assert_array_equal(mnist_array(name), SMALL[name])
    assert everything_in(cache) == [FILES[name].name]
    np.testing.assert_array_equal(mnist_array(name), SMALL[name])
    assert len(mirror.asked) == 1


def test_the_array_is_read_only(mirror: Mirror) -> None:
    with pytest.raises(ValueError, match="read-only"):
        mnist_array("train-labels")[0] = 1


def test_has_mnist_wants_all_four_and_asks_nobody(mirror: Mirror, cache: Path) -> None:
    for name in SMALL:
        assert not has_mnist()
        mnist_array(name)
    assert has_mnist()
    assert has_mnist(cache)
    assert len(mirror.asked) == 4


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(ValueError, match="want one of train-images"):
        mnist_array("test-images")


@pytest.mark.parametrize(
    "name",
    [IMAGES, f"{IMAGES}.gz", "train-images.idx3-ubyte", "train-images.idx3-ubyte.gz"],
)
@pytest.mark.parametrize("by", ["path", "FISHBOOK_DATA"])
def test_a_folder_of_ones_own_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: Mirror, name: str, by: str
) -> None:
    folder = tmp_path / "own"
    put(folder, name, gzip.compress(RAW[IMAGES]) if name.endswith(".gz") else None)
    if by == "FISHBOOK_DATA":
        monkeypatch.setenv("FISHBOOK_DATA", str(folder))
    got = mnist_array("train-images", folder if by == "path" else None)
    np.testing.assert_array_equal(got, SMALL["train-images"])
    assert mirror.asked == []


@pytest.mark.parametrize("there", [True, False], ids=["empty folder", "no folder"])
def test_a_named_folder_without_the_file_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: Mirror, there: bool
) -> None:
    """Nothing is downloaded then: the reader asked for that folder."""
    folder = tmp_path / "own"
    if there:
        folder.mkdir()
    monkeypatch.setenv("FISHBOOK_DATA", str(folder))
    with pytest.raises(DataError, match="FISHBOOK_DATA") as caught:
        mnist_array("train-images")
    assert str(folder) in str(caught.value)
    assert ("no folder" in str(caught.value)) is not there
    assert mirror.asked == []


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


RAW_FAULTS: dict[str, tuple[bytes, str]] = {
    "damaged": (flipped(RAW[IMAGES]), "damaged: SHA-256"),
    "short": (RAW[IMAGES][:-7], "wrong size: 69 bytes, want 76"),
    "long": (RAW[IMAGES] + b"x", "wrong size: more than 76 bytes"),
    "empty": (b"", "magic number is 0"),
    "a web page": (b"<!DOCTYPE html><p>Sign in", "magic number .*DOCTYPE"),
    "labels": (RAW["train-labels-idx1-ubyte"], "this is train-labels-idx1-ubyte"),
    "another part": (RAW["t10k-images-idx3-ubyte"], "this is t10k-images-idx3-ubyte"),
    "wrong magic": (b"\x00\x00\x08\x01" + RAW[IMAGES][4:], "2049, want 2051"),
}
PACKED = gzip.compress(RAW[IMAGES])
PACKED_FAULTS: dict[str, tuple[bytes, str]] = {
    "cut off": (PACKED[:-9], "cut off"),
    "damaged": (PACKED[:-8] + b"????" + PACKED[-4:], "damaged: .*data check"),
    "not gzip": (RAW[IMAGES], "not compressed by gzip"),
    "a web page": (b"<html>404", "not compressed by gzip.*html"),
    "a bomb": (
        gzip.compress(RAW[IMAGES] + bytes(10**7)),
        "wrong size: more than 76 bytes",
    ),
    "empty": (b"", "not compressed"),
}


@pytest.mark.parametrize("fault", RAW_FAULTS)
def test_a_bad_file_is_named_and_left_alone(
    cache: Path, mirror: Mirror, fault: str
) -> None:
    data, words = RAW_FAULTS[fault]
    path = put(cache, data=data)
    with pytest.raises(DataError, match=words) as caught:
        mnist_array("train-images")
    assert str(path) in str(caught.value)
    assert "delete it" in str(caught.value)
    assert path.read_bytes() == data
    assert mirror.asked == []


@pytest.mark.parametrize("fault", PACKED_FAULTS)
def test_a_bad_compressed_file_is_named_and_left_alone(
    tmp_path: Path, fault: str
) -> None:
    data, words = PACKED_FAULTS[fault]
    path = put(tmp_path, f"{IMAGES}.gz", data)
    with pytest.raises(DataError, match=words) as caught:
        mnist_array("train-images", tmp_path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == data


def test_a_file_that_cannot_be_read_is_named(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(cache)

    def refuse(_: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match="can't be read: Permission denied") as caught:
        mnist_array("train-images")
    assert str(path) in str(caught.value)


def hang_up(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def reset(handler: http.server.BaseHTTPRequestHandler) -> None:
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()


def stay_silent(handler: http.server.BaseHTTPRequestHandler) -> None:
    time.sleep(1.2)


def stop_halfway(handler: http.server.BaseHTTPRequestHandler) -> None:
    body = gzip.compress(RAW[IMAGES])
    send(handler, body[:30], length=len(body))
    time.sleep(1.2)


def trickle(handler: http.server.BaseHTTPRequestHandler) -> None:
    send(handler, b"", length=10_000)
    for _ in range(100):
        try:
            handler.wfile.write(b"\x1f")
        except OSError:
            return
        time.sleep(0.05)


def send_back(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", handler.path)
    handler.end_headers()


def body_of(data: bytes, code: int = 200, length: int | None = None) -> Answer:
    return lambda handler: send(handler, data, code, length)


BAD_ANSWERS: dict[str, tuple[Answer, str]] = {
    "not found": (body_of(b"no", 404), "HTTP 404"),
    "server error": (body_of(b"no", 500), "HTTP 500"),
    "forbidden": (body_of(b"no", 403), "HTTP 403"),
    "a web page": (body_of(b"<html>Sign in to the hotel's network"), "gzip.*html"),
    "garbage": (body_of(b"\x1f\x8b" + bytes(50)), "damaged"),
    "cut off": (body_of(gzip.compress(RAW[IMAGES])[:-12]), "cut off"),
    "shorter than said": (body_of(b"\x1f\x8b", length=999), "cut off|IncompleteRead"),
    "too long": (body_of(bytes(10_000)), "too long"),
    "a bomb": (body_of(gzip.compress(bytes(700_000), 9)), "magic|size"),
    "another file": (
        body_of(gzip.compress(RAW["train-labels-idx1-ubyte"])),
        "wrong file: this is train-labels",
    ),
    "damaged": (body_of(gzip.compress(flipped(RAW[IMAGES]))), "SHA-256"),
    "silence": (stay_silent, "no answer in|timed out"),
    "hangs up": (hang_up, "closed|reset|Remote"),
    "resets": (reset, "reset|closed|Remote"),
    "stops halfway": (stop_halfway, "timed out"),
    "a trickle": (trickle, "too slow"),
    "a circle": (send_back, "HTTP 302"),
}


SLOW = {"silence", "stops halfway", "a trickle"}


def be_hasty(
    monkeypatch: pytest.MonkeyPatch, patience: float = 1.0, silence: float = 0.4
) -> None:
    """Wait less than readers do, where waiting is what a test is about."""
    monkeypatch.setattr(download, "PATIENCE", patience)
    monkeypatch.setattr(download, "SILENCE", silence)


@pytest.mark.parametrize("fault", BAD_ANSWERS)
def test_a_mirror_that_fails_is_named_and_leaves_nothing(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    if fault in SLOW:
        be_hasty(monkeypatch)
    answer, words = BAD_ANSWERS[fault]
    mirror.answers = [answer]
    start = time.monotonic()
    with pytest.raises(DataError, match=words) as caught:
        mnist_array("train-images")
    assert time.monotonic() - start < 40
    message = str(caught.value)
    assert f"{mirror.url}{IMAGES}.gz" in message
    assert "FISHBOOK_DATA" in message
    assert all(file.name in message for file in FILES.values())
    assert everything_in(cache) == []
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("fault", BAD_ANSWERS)
def test_the_next_mirror_is_asked(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    bad = Mirror()
    bad.answers = [BAD_ANSWERS[fault][0]]
    if fault in SLOW:
        be_hasty(monkeypatch, patience=5.0, silence=2.0)
    monkeypatch.setattr(download, "MIRRORS", (bad.url, mirror.url))
    np.testing.assert_array_equal(mnist_array("train-images"), SMALL["train-images"])
    assert everything_in(cache) == [IMAGES]
    bad.server.shutdown()
    bad.server.server_close()


@pytest.mark.parametrize("fault", ["server error", "cut off", "resets", "hangs up"])
def test_a_fault_that_passes_is_tried_again(mirror: Mirror, fault: str) -> None:
    mirror.answers = [BAD_ANSWERS[fault][0], good]
    np.testing.assert_array_equal(mnist_array("train-images"), SMALL["train-images"])
    assert len(mirror.asked) == 2


def test_no_is_not_asked_twice(mirror: Mirror) -> None:
    mirror.answers = [BAD_ANSWERS["not found"][0]]
    with pytest.raises(DataError):
        mnist_array("train-images")
    assert len(mirror.asked) == 1


def test_without_a_network_it_gives_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up of names that never ends must not keep the reader waiting."""
    mirrors = tuple(f"http://mirror-{n}.invalid/" for n in range(9))
    monkeypatch.setattr(download, "MIRRORS", mirrors)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(60))
    be_hasty(monkeypatch)
    start = time.monotonic()
    with pytest.raises(DataError, match="no answer") as caught:
        mnist_array("train-images")
    assert time.monotonic() - start < 40
    assert all(mirror in str(caught.value) for mirror in mirrors)


def test_the_real_patience_is_less_than_a_minute() -> None:
    code = "from fishbook import download as d; print(d.PATIENCE + d.SILENCE)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert float(done.stdout) < 60


def test_a_closed_port_is_no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MIRRORS", ("http://127.0.0.1:9/",))
    with pytest.raises(DataError, match="refused"):
        mnist_array("train-images")


class Full:
    """A file on a full disk."""

    def __init__(self, handle: int, *_: object) -> None:
        self.handle = handle

    def __enter__(self) -> Full:  # noqa: D105
        return self

    def __exit__(self, *_: object) -> None:  # noqa: D105
        os.close(self.handle)

    def write(self, _: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_an_error_and_leaves_nothing(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download.os, "fdopen", Full)
    with pytest.raises(DataError, match="No space left") as caught:
        mnist_array("train-images")
    assert str(cache / IMAGES) in str(caught.value)
    assert everything_in(cache) == []


def test_a_cache_that_cannot_be_written_is_an_error_before_any_download(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(download.tempfile, "mkstemp", refuse)
    with pytest.raises(DataError, match="Read-only") as caught:
        mnist_array("train-images")
    assert str(cache / IMAGES) in str(caught.value)
    assert "FISHBOOK_DATA" in str(caught.value)
    assert mirror.asked == []


def test_a_file_in_the_place_of_the_cache_is_an_error(
    mirror: Mirror, cache: Path
) -> None:
    put(cache.parent, cache.name, b"mine")
    with pytest.raises(DataError, match="can't be stored"):
        mnist_array("train-images")
    assert cache.read_bytes() == b"mine"


def test_a_read_only_cache_that_has_the_file_serves(
    cache: Path, mirror: Mirror
) -> None:
    path = put(cache)
    path.chmod(0o444)
    cache.chmod(0o555)
    try:
        got = mnist_array("train-images")
    finally:
        cache.chmod(0o755)
    np.testing.assert_array_equal(got, SMALL["train-images"])


def test_an_interrupted_download_leaves_nothing(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "fetch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        mnist_array("train-images")
    assert everything_in(cache) == []


def test_many_at_once_all_get_the_file(mirror: Mirror, cache: Path) -> None:
    """Threads and processes alike write files of their own, and rename them."""
    got: list[Any] = []

    def load() -> None:
        got.append(mnist_array("train-images"))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    for array in got:
        np.testing.assert_array_equal(array, SMALL["train-images"])
    assert everything_in(cache) == [IMAGES]


TWO = """
import sys
sys.path.insert(0, {tests!r})
from fishbook import download
import test_download as t
download.FILES = {{n: download.IdxFile(t.FILES[n].name, v.shape, t.sha256(t.idx(v)))
                  for n, v in t.SMALL.items()}}
download.MIRRORS = ({url!r},)
print(download.mnist_array("train-images").sum())
"""


def test_two_processes_at_once_both_get_the_file(mirror: Mirror, cache: Path) -> None:
    code = TWO.format(tests=str(Path(__file__).parent), url=mirror.url)
    run = [sys.executable, "-c", code]
    both = [subprocess.Popen(run, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    sums = [process.communicate(timeout=60)[0].strip() for process in both]
    assert sums == [str(SMALL["train-images"].sum())] * 2
    assert everything_in(cache) == [IMAGES]


def test_where_another_process_has_the_file_open_its_copy_serves(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows doesn't rename over a file that is open."""

    def refuse(*_: object) -> None:
        put(cache)
        raise PermissionError(errno.EACCES, "in use")

    monkeypatch.setattr(download.os, "replace", refuse)
    np.testing.assert_array_equal(mnist_array("train-images"), SMALL["train-images"])
    assert everything_in(cache) == [IMAGES]


def test_progress_is_a_line_in_a_log_and_a_bar_on_a_terminal(
    mirror: Mirror, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mnist_array("train-labels")
    assert capsys.readouterr().err == "downloading train-labels-idx1-ubyte\n"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    mnist_array("train-images")
    bar = capsys.readouterr().err
    assert f"\r{IMAGES} [{'#' * 30}]" in bar
    assert bar.endswith("\n")
    assert bar.isascii()


@pytest.mark.parametrize(
    ("platform", "variable", "end"),
    [
        ("linux", "XDG_CACHE_HOME", "base/fishbook"),
        ("darwin", "HOME", "base/Library/Caches/fishbook"),
        ("win32", "LOCALAPPDATA", "base/fishbook"),
    ],
)
def test_the_cache_is_where_each_system_keeps_it(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    platform: str,
    variable: str,
    end: str,
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path / "base"))
    assert cache_folder() == tmp_path / end


def test_from_the_command_line_it_is_one_message_and_status_1(tmp_path: Path) -> None:
    """No network, no files: what a reader sees who just tries it."""
    code = (
        "from fishbook import download; download.MIRRORS = ('http://127.0.0.1:9/',)\n"
        "from fishbook.datasets import load_mnist; load_mnist()"
    )
    environment = {k: v for k, v in os.environ.items() if k not in ENVIRONMENT}
    environment |= dict.fromkeys(ENVIRONMENT[1:], str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1
    assert "FISHBOOK_DATA" in done.stderr.rsplit("DataError", 1)[1]
