"""The only way out for a CCM under test: a proxy on loopback that leads every cloud address to the lab.

CCM of every generation honours the proxies of its environment; only newer ones take endpoints from there. `CONNECT` to
any host reaches the lab's https port, a plain request to a name of the cloud the lab's other port (v2.2.0 asks so), and
any other plain request is answered as the machine's metadata service. Nothing else is reached.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

_HOST = "127.0.0.1"
_HOPS = ("connection:", "proxy-connection:")
_HEAD_LIMIT = 1024 * 1024


class Door:
    """Serves in a thread of its own from construction until `close`."""

    def __init__(self, secure_port: int, plain_port: int, metadata: Mapping[str, str]) -> None:
        self._secure_port = secure_port
        self._plain_port = plain_port
        self._metadata = metadata
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.url = ""
        self._thread.start()
        self._ready.wait(10)

    def close(self) -> None:
        """Stop listening."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, _HOST, 0, limit=_HEAD_LIMIT))
        self.url = f"http://{_HOST}:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split(" ", 2)
            if method == "CONNECT":
                far_reader, far_writer = await asyncio.open_connection(_HOST, self._secure_port)
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
            elif urlsplit(target).hostname and str(urlsplit(target).hostname).endswith(".aliyuncs.com"):
                far_reader, far_writer = await asyncio.open_connection(_HOST, self._plain_port)
                far_writer.write(_straight(head, target).encode("latin-1"))
                await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
            else:
                found = self._metadata.get(target.rpartition("/meta-data/")[2].strip("/"))
                status = "404 Not Found" if found is None else "200 OK"
                body = (found or "").encode()
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
        writer.close()


def _straight(head: str, target: str) -> str:
    """The head of a request as the server itself takes it: one request a connection."""
    path = target.partition("://")[2].partition("/")[2]
    lines = [one for one in head.rstrip("\r\n").split("\r\n") if not one.lower().startswith(_HOPS)]
    lines[0] = lines[0].replace(target, f"/{path}", 1)
    return "\r\n".join([*lines, "Connection: close", "", ""])


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
