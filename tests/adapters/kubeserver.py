"""A scripted Kubernetes API on loopback: answers by path, and a record of what was asked."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from upgrader.adapters.kube import connect
from upgrader.adapters.kube.cluster import KubeCluster
from upgrader.lab.clock import LabClock

Answer = tuple[int, Any, dict[str, str]]
Rule = Callable[[str, str, dict[str, str], Any], Answer | None]


class Server:
    """Asks `rule` for each request; None is a 404. `secured` makes it https."""

    def __init__(self, rule: Rule, secured: ssl.SSLContext | None = None) -> None:
        self.asked: list[tuple[str, str, dict[str, str], Any, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                outer.asked.append((self.command, parts.path, query, body, dict(self.headers)))
                status, answer, headers = rule(self.command, parts.path, query, body) or (
                    404,
                    {"reason": "NotFound"},
                    {},
                )
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                for key, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - http.server looks for these names

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if secured:
            self._http.socket = secured.wrap_socket(self._http.socket, server_side=True)
        self.url = f"{'https' if secured else 'http'}://127.0.0.1:{self._http.server_address[1]}"

    @contextmanager
    def served(self, content: str = "") -> Iterator[KubeCluster]:
        """The connection to it, by a token or by a kubeconfig's `content`."""
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield connect(content=content or kubeconfig(self.url), timeout_s=2.0, clock=LabClock(held=True))
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()

    def paths(self, method: str = "") -> list[str]:
        """The paths asked for so far."""
        return [path for verb, path, *_ in self.asked if method in ("", verb)]


def kubeconfig(url: str) -> str:
    """A kubeconfig for a server with a token."""
    return json.dumps(
        {
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": {"token": "kube-token-not-to-be-shown"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        }
    )  # fmt: skip


def ok(body: Any) -> Answer:
    """200."""
    return 200, body, {}


def listed(*items: dict[str, Any], token: str = "") -> Answer:
    """A list, or a page of one."""
    return ok({"kind": "List", "metadata": {"continue": token} if token else {}, "items": list(items)})
