"""pimotion mounted under Flask and under Django, behind their own servers on loopback."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.client import HTTPResponse
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import django.conf  # type: ignore[import-untyped]
import flask
import pytest
import werkzeug.serving
from django.core.wsgi import get_wsgi_application  # type: ignore[import-untyped]
from django.http import HttpRequest, HttpResponse  # type: ignore[import-untyped]
from django.urls import path as django_path  # type: ignore[import-untyped]
from waiting import wait_until
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import pimotion
from pimotion.errors import ConfigError, StartError
from pimotion.mounted import Mounted
from pimotion.passwords import PasswordHash

LOGIN = "anna:correct horse"
USERS = [{"name": "anna", "password": str(PasswordHash.of("correct horse")), "role": "admin"}]


def under_flask(cameras: Mounted) -> WSGIApplication:
    site = flask.Flask("a site of one's own")
    site.add_url_rule("/", view_func=lambda: "flask")
    site.wsgi_app = DispatcherMiddleware(  # type: ignore[method-assign]
        site.wsgi_app, {"/cameras": cameras}
    )
    return site


def _django_home(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("django")


urlpatterns = [django_path("", _django_home)]


def under_django(cameras: Mounted) -> WSGIApplication:
    if not django.conf.settings.configured:
        django.conf.settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"])
    site = get_wsgi_application()

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        path = environ["PATH_INFO"]
        if path == "/cameras" or path.startswith("/cameras/"):
            environ["SCRIPT_NAME"] += "/cameras"
            environ["PATH_INFO"] = path.removeprefix("/cameras")
            return cameras(environ, start_response)
        return site(environ, start_response)

    return application


class _ThreadingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served_by_the_standard_library(app: WSGIApplication) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, _ThreadingServer, _Silent)
    with _running(server.serve_forever, server.shutdown):
        yield f"http://127.0.0.1:{server.server_port}"
    server.server_close()


@contextmanager
def served_by_werkzeug(app: WSGIApplication) -> Iterator[str]:
    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = True  # type: ignore[attr-defined]
    with _running(server.serve_forever, server.shutdown):
        yield f"http://127.0.0.1:{server.server_port}"
    server.server_close()


@contextmanager
def _running(run: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(10)


@pytest.fixture
def settings(tmp_path: Path, unused_port: int) -> dict[str, Any]:
    return {
        "state_dir": str(tmp_path / "state"),
        "mqtt": {"host": "127.0.0.1", "port": unused_port},
        "http": {"users": USERS},
        "cameras": {"door": {"source": "synthetic", "width": 320, "height": 180}},
    }


def write(folder: Path, settings: dict[str, Any]) -> Path:
    file = folder / "pimotion.yml"
    file.write_text(json.dumps(settings))
    file.chmod(0o600)
    return file


@pytest.fixture
def cameras(tmp_path: Path, settings: dict[str, Any]) -> Iterator[Mounted]:
    mounted = pimotion.wsgi(write(tmp_path, settings))
    yield mounted
    mounted.close()


@pytest.fixture(params=["flask", "django"])
def site(request: pytest.FixtureRequest, cameras: Mounted) -> Iterator[str]:
    """Address of a site with its own page at `/` and pimotion at `/cameras`."""
    if request.param == "flask":
        with served_by_werkzeug(under_flask(cameras)) as url:
            yield url
    else:
        with served_by_the_standard_library(under_django(cameras)) as url:
            yield url


def get(url: str, *, login: str = LOGIN, method: str = "GET") -> HTTPResponse:
    headers = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
    asked = urllib.request.Request(url, headers=headers if login else {}, method=method)
    return cast("HTTPResponse", urllib.request.urlopen(asked, timeout=10))


def status(url: str, *, login: str = LOGIN) -> int:
    try:
        with get(url, login=login) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def viewers(site: str) -> list[dict[str, Any]]:
    with get(f"{site}/cameras/api/viewers") as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def parts(stream: HTTPResponse, count: int) -> list[bytes]:
    found = []
    assert stream.readline() == b"--pimotion\r\n"
    for _ in range(count):
        headers = Message()
        while (line := stream.readline()) != b"\r\n":
            name, value = line.decode().split(": ")
            headers[name] = value.strip()
        found.append(stream.read(int(headers["Content-Length"])))
        assert stream.readline() == b"\r\n"
        assert stream.readline() == b"--pimotion\r\n"
    return found


def test_the_site_keeps_its_own_pages(site: str) -> None:
    with get(f"{site}/") as answer:
        assert answer.read() in (b"flask", b"django")


def test_the_page_works_behind_its_path(site: str) -> None:
    with get(f"{site}/cameras") as answer:
        assert answer.url == f"{site}/cameras/", "sent to the folder"
        assert b"static/page.js" in answer.read()
    for path in ("static/page.js", "api/state", "api/events", "metrics"):
        assert status(f"{site}/cameras/{path}") == 200


def test_a_stream_is_ordinary_wsgi(site: str) -> None:
    with get(f"{site}/cameras/door/stream.mjpg") as stream:
        assert stream.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=pimotion"
        assert stream.headers["Cache-Control"] == "no-store"
        assert stream.headers["X-Accel-Buffering"] == "no"
        jpegs = parts(stream, 12)  # one that nobody followed in time comes twice
        (viewer,) = viewers(site)
        assert viewer["camera"] == "door"
        assert viewer["address"] == "127.0.0.1"
    assert len(set(jpegs)) >= 3
    assert all(jpeg[:2] == b"\xff\xd8" and jpeg[-2:] == b"\xff\xd9" for jpeg in jpegs)
    wait_until(lambda: viewers(site) == [])


def test_a_still_and_its_head(site: str) -> None:
    with get(f"{site}/cameras/door/snapshot.jpg") as still:
        jpeg = still.read()
        assert still.headers["Content-Length"] == str(len(jpeg))
        assert still.headers["ETag"]
    with get(f"{site}/cameras/door/snapshot.jpg", method="HEAD") as head:
        assert head.headers["Content-Type"] == "image/jpeg"
        assert head.read() == b""
    with get(f"{site}/cameras/door/stream.mjpg", method="HEAD") as head:
        assert head.status == 200


def test_who_has_no_login_sees_nothing(site: str) -> None:
    for path in ("", "api/state", "door/snapshot.jpg", "door/stream.mjpg"):
        assert status(f"{site}/cameras/{path}", login="") == 401
        assert status(f"{site}/cameras/{path}", login="anna:wrong password") == 401


def test_closed_it_is_over_and_lets_go(tmp_path: Path, cameras: Mounted) -> None:
    with served_by_the_standard_library(cameras) as url, get(f"{url}/door/stream.mjpg") as stream:
        parts(stream, 1)
        cameras.close()
        # No part follows the one that was read, or a whole one does.
        assert stream.read()[-14:] in (b"", b"\r\n--pimotion\r\n"), "the stream has ended"
        assert status(f"{url}/") == 503
    wait_until(lambda: not any("door" in thread.name for thread in threading.enumerate()))
    pimotion.wsgi(tmp_path / "pimotion.yml").close()


def test_two_of_them_cannot_share_a_state_folder(tmp_path: Path, cameras: Mounted) -> None:
    with pytest.raises(StartError, match="another pimotion runs with the state folder"):
        pimotion.wsgi(tmp_path / "pimotion.yml")


def test_a_wrong_configuration_is_told_whole(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        pimotion.wsgi(write(tmp_path, {**settings, "http": {"port": "x"}, "odd": 1}))
    assert len(caught.value.problems) == 2


def call(mounted: Mounted, **environ: str) -> int:
    started: list[str] = []
    whole = {"REQUEST_METHOD": "GET", "PATH_INFO": "/healthz", "HTTP_HOST": "127.0.0.1", **environ}
    start = cast("StartResponse", lambda status, *_: started.append(status))
    list(mounted(whole, start))
    return int(started[0][:3])


def test_without_users_others_are_not_let_in(tmp_path: Path, settings: dict[str, Any]) -> None:
    """Whoever listens for us may listen to the whole network."""
    mounted = pimotion.wsgi(write(tmp_path, {**settings, "http": {}}))
    try:
        assert call(mounted, REMOTE_ADDR="127.0.0.1") in (200, 503)
        assert call(mounted, REMOTE_ADDR="192.168.1.9") == 403
        assert call(mounted, REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="192.168.1.9") == 403
    finally:
        mounted.close()


def test_when_a_thread_has_died_all_is_over(cameras: Mounted) -> None:
    """A picture that stands still for ever must not look like a quiet garden."""
    assert call(cameras, PATH_INFO="/api/state", REMOTE_ADDR="127.0.0.1") == 401
    cameras._daemon._threads.give_up("detect-door")
    wait_until(lambda: call(cameras, PATH_INFO="/api/state", REMOTE_ADDR="127.0.0.1") == 503)


def test_importing_pimotion_is_cheap() -> None:
    code = "import sys, pimotion; print(sorted({'bottle', 'cv2', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
