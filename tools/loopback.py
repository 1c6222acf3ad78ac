"""Serves the built site on loopback as a web host does: compressed, and cached by browsers for ten minutes."""

from __future__ import annotations

import gzip
import http
import http.server
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from tools.runtime import BUILD

SITE = BUILD / "site"


class Handler(http.server.SimpleHTTPRequestHandler):
    """A handler that sends the files of a folder, compressed.

    Its class attributes are shared by all servers: `bodies` caches compressed files, `sent` has the size of each body
    that was sent (for tools/visit.py), and `broken` has the names of files that are answered with 503 (for tests).
    """

    protocol_version = "HTTP/1.1"
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}
    bodies: ClassVar[dict[Path, bytes]] = {}
    sent: ClassVar[list[int]] = []
    broken: ClassVar[set[str]] = set()

    def do_GET(self) -> None:
        """Answer with the file, with 503 if it's broken, or with 404."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if path.name in self.broken:
            self.send_error(http.HTTPStatus.SERVICE_UNAVAILABLE)
            return
        if not path.is_file():
            self.send_error(http.HTTPStatus.NOT_FOUND)
            return
        body = self._body(path)
        self.send_response(http.HTTPStatus.OK)
        self.send_header("Content-Type", self.guess_type(str(path)))
        if self._takes_gzip():
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Cache-Control", "max-age=600")  # as on GitHub Pages
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.sent.append(len(body))
        with suppress(ConnectionError):  # the browser left the page meanwhile
            self.wfile.write(body)

    def _takes_gzip(self) -> bool:
        return "gzip" in self.headers.get("Accept-Encoding", "")

    def _body(self, path: Path) -> bytes:
        return self.compressed(path) if self._takes_gzip() else path.read_bytes()

    @classmethod
    def compressed(cls, path: Path) -> bytes:
        """The compressed content of a file. It's compressed once, as a web host does."""
        if path not in cls.bodies:
            cls.bodies[path] = gzip.compress(path.read_bytes(), mtime=0)
        return cls.bodies[path]

    def log_message(self, format: str, *arguments: Any) -> None:
        """Log nothing."""


def server(port: int = 0, folder: Path = SITE) -> http.server.ThreadingHTTPServer:
    """A server of the built site on loopback; port 0 takes a free one. OSError if the port is taken."""
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=str(folder)))


def serve(port: int) -> None:
    """Serve the built site until Ctrl+C."""
    with server(port) as running:
        print(f"http://127.0.0.1:{port}/ (Ctrl+C stops it)", flush=True)
        with suppress(KeyboardInterrupt):
            running.serve_forever()
