"""The API over HTTP: requests with their bodies, and watches that stay open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial

from tornado import iostream, web

from kubesim import errors
from kubesim.server.door import Door, check_size
from kubesim.server.request import Request
from kubesim.server.watch import Watch, error_event

BOOKMARK_EVERY = 60.0  # wall-clock seconds
LONGEST_WATCH = 3600.0


@web.stream_request_body
class Handler(Door):
    """One request of any method."""

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

    def prepare(self) -> None:
        """Begin to read, if the request may come in."""
        self._body = bytearray()
        self._changed = asyncio.Event()
        self._has_gone = False
        super().prepare()

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Take a piece of the body, whose length need not have been told."""
        if self._finished:
            return None
        self._body += chunk
        try:
            check_size(len(self._body))
        except errors.StatusError as error:
            self.refuse(error)
        return None

    async def get(self) -> None:
        """Answer any method: the API decides what it means."""
        if self._finished:
            return
        request = self.as_request(bytes(self._body))
        answer = self.answer(request)
        if isinstance(answer, Watch):
            await self._stream(answer, request)
        else:
            self.send(answer)

    head = post = put = patch = delete = get

    async def _stream(self, watch: Watch, request: Request) -> None:
        """Send what the watch tells until its time is up or the client hangs up."""
        loop = asyncio.get_running_loop()
        stop = watch.on_change(partial(loop.call_soon_threadsafe, self._changed.set))
        ends = loop.time() + _seconds(request.query.get("timeoutSeconds", ""))
        self.set_header("Content-Type", "application/json")
        try:
            await self.flush()
            await self._tell(watch, ends)
        except errors.StatusError as error:
            self.write(error_event(error))
        except iostream.StreamClosedError:
            return
        finally:
            stop()
        with suppress(iostream.StreamClosedError):
            await self.finish()

    async def _tell(self, watch: Watch, ends: float) -> None:
        loop = asyncio.get_running_loop()
        while not self._has_gone:
            self._changed.clear()
            lines = watch.lines()
            if lines:
                self.write(lines)
                await self.flush()
            left = ends - loop.time()
            if left <= 0 or watch.is_over:
                return
            try:
                await asyncio.wait_for(self._changed.wait(), min(left, BOOKMARK_EVERY))
            except TimeoutError:
                self.write(watch.bookmark())

    def on_connection_close(self) -> None:
        """Wake a watch up whose client has gone, so that it notices."""
        self._has_gone = True
        self._changed.set()
        super().on_connection_close()


def _seconds(text: str) -> float:
    return min(float(text), LONGEST_WATCH) if text.isdigit() and int(text) else LONGEST_WATCH
