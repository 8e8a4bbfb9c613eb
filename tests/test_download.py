"""The files of MNIST: from a folder, a cache, a mirror; and every way that fails."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fishbook import download
from fishbook.download import DataError, cache_folder, file_name, has_mnist, mnist_array

REAL = (download.MIRRORS, download.TIMEOUT)
ENVIRONMENT = ("FISHBOOK_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE")
SMALL = {
    "train-images": np.arange(60, dtype=np.uint8).reshape(5, 4, 3),
    "train-labels": np.arange(5, dtype=np.uint8),
    "t10k-images": np.arange(24, dtype=np.uint8).reshape(2, 4, 3),
    "t10k-labels": np.arange(2, dtype=np.uint8),
}


def idx(values: np.ndarray[Any, Any]) -> bytes:
    """Give an array as an IDX file."""
    header = (0x0800 + values.ndim, *values.shape)
    return b"".join(n.to_bytes(4, "big") for n in header) + values.tobytes()


RAW = {name: idx(values) for name, values in SMALL.items()}
SMALL_SHA256 = {name: hashlib.sha256(data).hexdigest() for name, data in RAW.items()}
GOOD = RAW["train-images"]
PACKED = gzip.compress(GOOD)
DAMAGED = GOOD[:-1] + b"!"
IMAGES = file_name("train-images")
Answer = Callable[[BaseHTTPRequestHandler], object]


def sends(data: bytes, code: int = 200, missing: int = 0) -> Answer:
    """Make an answer that promises some bytes more than it sends."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", str(len(data) + missing))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def good(handler: BaseHTTPRequestHandler) -> None:
    name = handler.path.rpartition("/")[2].partition("-idx")[0]
    sends(gzip.compress(RAW[name]))(handler)


class Mirror:
    """A server on this computer whose answers a test chooses."""

    def __init__(self) -> None:
        self.answer: Answer = good
        self.asked: list[str] = []
        self.over = threading.Event()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.asked.append(self.path)
                mirror.answer(self)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/mnist/"
        serve = self.server.serve_forever
        threading.Thread(target=serve, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def is_silent(self, _: BaseHTTPRequestHandler) -> None:
        self.over.wait()

    def stops_halfway(self, handler: BaseHTTPRequestHandler) -> None:
        sends(PACKED[:30], missing=99)(handler)
        self.over.wait()

    def never_ends(self, handler: BaseHTTPRequestHandler) -> None:
        sends(b"", missing=10**12)(handler)
        while not self.over.is_set():
            try:
                handler.wfile.write(bytes(1 << 16))
            except OSError:
                return


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """Stand in for two mirrors."""
    mirror = Mirror()
    monkeypatch.setattr(download, "MIRRORS", (mirror.url, f"{mirror.url}second/"))
    yield mirror
    mirror.stop()


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Use small files, an empty cache, no mirror but a test's own, and no proxy."""
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("FISHBOOK_DATA")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(download, "SHA256", SMALL_SHA256)
    monkeypatch.setattr(download, "LARGEST", 10_000)
    monkeypatch.setattr(download, "MIRRORS", ())
    monkeypatch.setattr(download, "TIMEOUT", 60.0)
    return cache_folder()


def names_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def put(folder: Path, name: str = IMAGES, data: bytes = GOOD) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(data)
    return path


def raises(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def failure(words: str) -> str:
    """Give the message with which the images can't be had, and no other error's."""
    with pytest.raises(DataError, match=words) as caught:
        mnist_array("train-images")
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


def assert_advises(message: str) -> None:
    assert "FISHBOOK_DATA" in message
    assert all(file_name(name) in message for name in SMALL)


# Files that are there


@pytest.mark.parametrize("packed", [False, True], ids=["raw", "gz"])
@pytest.mark.parametrize("name", [IMAGES, "train-images.idx3-ubyte"])
@pytest.mark.parametrize("by", ["path", "FISHBOOK_DATA"])
def test_a_folder_of_ones_own_will_do_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, by: str, packed: bool
) -> None:
    put(tmp_path, *((f"{name}.gz", PACKED) if packed else (name,)))
    if by == "FISHBOOK_DATA":
        monkeypatch.setenv("FISHBOOK_DATA", str(tmp_path))
    got = mnist_array("train-images", tmp_path if by == "path" else None)
    np.testing.assert_array_equal(got, SMALL["train-images"])
    with pytest.raises(ValueError, match="read-only"):
        got[0] = 1


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(ValueError, match="want one of train-images"):
        mnist_array("test-images")


@pytest.mark.parametrize("folder", ["empty", "missing", "n" * 999])
def test_nothing_is_downloaded_in_place_of_a_named_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: Mirror, folder: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("FISHBOOK_DATA", str(tmp_path / folder))
    message = failure("can't be found in")
    assert_advises(message)
    assert str(tmp_path / folder) in message
    assert mirror.asked == []


FAULTS: dict[str, tuple[bytes, str]] = {
    "damaged": (DAMAGED, "damaged"),
    "cut off": (GOOD[:-7], "read 69 bytes"),
    "empty": (b"", "read 0 bytes"),
    "a web page": (b"<html>Sign in to the hotel's network", "<html>"),
    "another part": (RAW["t10k-images"], "not train-images"),
    "packed and damaged": (gzip.compress(DAMAGED), "damaged"),
    "packed and cut off": (PACKED[:-12], "damaged"),
    "packed badly": (PACKED[:20] + b"??" + PACKED[22:], "damaged"),
    "a bomb": (gzip.compress(bytes(700_000)), "read 10,000 bytes"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_file_is_named_and_left_alone(
    cache: Path, mirror: Mirror, fault: str
) -> None:
    data, words = FAULTS[fault]
    path = put(cache, data=data)
    assert str(path) in failure(words)
    assert path.read_bytes() == data
    assert mirror.asked == []


def test_a_file_that_cannot_be_read_is_named(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(cache)
    denied = PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr(Path, "read_bytes", raises(denied))
    assert str(path) in failure("Permission denied.*put a good copy")


def test_has_mnist_wants_all_four_and_asks_nobody(cache: Path) -> None:
    for name in SMALL:
        assert not has_mnist()
        put(cache, file_name(name), b"not looked into")
    assert has_mnist()
    assert has_mnist(cache)


def test_has_mnist_is_false_of_a_folder_that_cannot_be_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not has_mnist(tmp_path / ("n" * 999))
    denied = PermissionError(errno.EACCES, "Permission denied")
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", raises(denied))
        assert not has_mnist(tmp_path)


def test_without_a_home_there_is_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    homeless = RuntimeError("Could not determine home directory.")
    monkeypatch.setattr(Path, "home", raises(homeless))
    assert not has_mnist()
    assert_advises(failure("no home"))


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


# Files that a mirror has


@pytest.mark.parametrize("name", SMALL)
def test_a_mirror_gives_each_file_and_the_cache_keeps_it(
    mirror: Mirror, cache: Path, name: str
) -> None:
    for _ in range(2):
        np.testing.assert_array_equal(mnist_array(name), SMALL[name])
    assert names_in(cache) == [file_name(name)]
    assert mirror.asked == [f"/mnist/{file_name(name)}.gz"]


def test_the_environments_proxy_is_asked(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", mirror.url)
    monkeypatch.setattr(download, "MIRRORS", ("http://mirror.invalid/",))
    mnist_array("train-images")
    assert mirror.asked == [f"http://mirror.invalid/{IMAGES}.gz"]
    monkeypatch.setenv("http_proxy", "http:/slash-forgotten")
    with pytest.raises(DataError, match="proxy URL with no authority"):
        mnist_array("train-labels")


BAD_ANSWERS: dict[str, tuple[Answer, str]] = {
    **{name: (sends(data), words) for name, (data, words) in FAULTS.items()},
    "not found": (sends(b"no", 404), "404"),
    "server error": (sends(b"no", 500), "500"),
    "shorter than said": (sends(PACKED[:30], missing=999), "damaged|IncompleteRead"),
    "no HTTP": (lambda handler: handler.wfile.write(b"220 ftp\r\n"), "220 ftp"),
    "hangs up": (lambda handler: handler.connection.close(), "closed|reset|Remote"),
}


def assert_both_fail(mirror: Mirror, cache: Path, words: str) -> None:
    message = failure(words)
    assert_advises(message)
    assert all(f"{url}{IMAGES}.gz" in message for url in download.MIRRORS)
    assert len(mirror.asked) == 2
    assert names_in(cache) == []


@pytest.mark.parametrize("fault", BAD_ANSWERS)
def test_mirrors_that_fail_are_named_and_leave_nothing(
    mirror: Mirror, cache: Path, fault: str
) -> None:
    mirror.answer, words = BAD_ANSWERS[fault]
    assert_both_fail(mirror, cache, words)


@pytest.mark.parametrize("way", ["is_silent", "stops_halfway"])
def test_mirrors_that_keep_the_reader_waiting_are_given_up(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(download, "TIMEOUT", 0.3)
    mirror.answer = getattr(mirror, way)
    assert_both_fail(mirror, cache, "(?i)time")


def test_an_answer_without_an_end_is_given_up(mirror: Mirror, cache: Path) -> None:
    mirror.answer = mirror.never_ends
    assert_both_fail(mirror, cache, "damaged")


def test_after_one_that_fails_the_next_mirror_is_asked(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = "http://127.0.0.1:9/"
    monkeypatch.setattr(download, "MIRRORS", (closed, mirror.url))
    np.testing.assert_array_equal(mnist_array("train-images"), SMALL["train-images"])
    assert names_in(cache) == [IMAGES]


def test_a_look_up_of_names_without_an_end_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some computers do that without a network."""
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait())
    monkeypatch.setattr(download, "TIMEOUT", 0.1)
    monkeypatch.setattr(download, "MIRRORS", REAL[0])
    message = failure("no mirror gave it")
    over.set()
    assert_advises(message)
    assert all(mirror in message for mirror in REAL[0])


def test_all_mirrors_together_keep_a_reader_waiting_for_less_than_a_minute() -> None:
    """Each may be silent twice: before its answer and in the middle of it."""
    mirrors, timeout = REAL
    assert len(mirrors) > 1
    assert 2 * timeout * len(mirrors) < 60


# Storing


def test_a_file_in_the_place_of_the_cache_is_an_error(
    mirror: Mirror, cache: Path
) -> None:
    put(cache.parent, cache.name, b"mine")
    assert_advises(failure("can't be stored"))
    assert cache.read_bytes() == b"mine"


def test_a_folder_that_cannot_be_written_is_an_error_before_any_download(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OSError(errno.EROFS, "Read-only file system")
    monkeypatch.setattr(Path, "open", raises(error))
    message = failure("Read-only file system; make room")
    assert_advises(message)
    assert str(cache / IMAGES) in message
    assert mirror.asked == []


@pytest.mark.parametrize(("place", "step"), [(os, "fsync"), (Path, "replace")])
def test_a_full_disk_is_an_error_and_leaves_nothing(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch, place: Any, step: str
) -> None:
    error = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(place, step, raises(error))
    message = failure("No space left on device; make room")
    assert str(cache / IMAGES) in message
    assert names_in(cache) == []


def test_an_interrupted_download_leaves_nothing(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: str) -> bytes:
        assert IMAGES not in names_in(cache)
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "fetch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        mnist_array("train-images")
    assert names_in(cache) == []


def test_a_new_file_may_be_read_by_whom_the_umask_lets(
    mirror: Mirror, cache: Path, tmp_path: Path
) -> None:
    before = os.umask(0o027)
    try:
        mnist_array("train-images")
        plain = put(tmp_path, "plain")
    finally:
        os.umask(before)
    assert (cache / IMAGES).stat().st_mode == plain.stat().st_mode


LOAD = """
import sys
sys.path.insert(0, {tests!r})
from fishbook import download
from test_download import SMALL_SHA256
download.SHA256, download.MIRRORS, download.TIMEOUT = SMALL_SHA256, ({url!r},), 60
print(download.mnist_array("train-images").sum())
"""


def test_two_processes_at_once_both_get_the_file(mirror: Mirror, cache: Path) -> None:
    """The mirror answers when both have asked."""
    both_ask = threading.Barrier(2)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        both_ask.wait(60)
        good(handler)

    mirror.answer = answer
    code = LOAD.format(tests=str(Path(__file__).parent), url=mirror.url)
    run = [sys.executable, "-c", code]
    both = [subprocess.Popen(run, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    sums = [process.communicate()[0].strip() for process in both]
    assert sums == [str(SMALL["train-images"].sum())] * 2
    assert names_in(cache) == [IMAGES]


def test_where_another_process_has_the_file_open_its_copy_serves(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows doesn't rename over a file that is open."""

    def refuse(*_: object) -> None:
        put(cache)
        raise PermissionError(errno.EACCES, "in use")

    monkeypatch.setattr(Path, "replace", refuse)
    np.testing.assert_array_equal(mnist_array("train-images"), SMALL["train-images"])
    assert names_in(cache) == [IMAGES]


def test_progress_is_a_line_in_a_log_and_a_bar_on_a_terminal(
    mirror: Mirror, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mnist_array("train-labels")
    line = "downloading train-labels-idx1-ubyte\n"
    assert capsys.readouterr().err == line
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    mnist_array("train-images")
    bar = f"downloading {IMAGES}\n\r[{'#' * 30}]   0.0 MB\n"
    assert capsys.readouterr().err == bar
