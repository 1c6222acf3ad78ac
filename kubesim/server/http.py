"""The API over HTTP: requests with their bodies, and watches that stay open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial

from tornado import iostream, web
from tornado.http1connection import HTTP1Connection

from kubesim.api import errors
from kubesim.server.door import Door
from kubesim.server.watch import Watch, error_event

BOOKMARK_EVERY = 60.0  # wall-clock seconds
LONGEST_WATCH = 3600.0
MAX_BODY = 3 * 1024 * 1024
"""Bytes, as of the real API server."""
MOST_READ = 32 * 1024 * 1024
_UNLIMITED = 1 << 62
_DIGITS = 18


@web.stream_request_body
class Handler(Door):
    """One request of any method."""

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

    def prepare(self) -> None:
        """Begin to read, if the request may come in."""
        self._body = bytearray()
        self._size = 0
        self._changed = asyncio.Event()
        self._has_gone = False
        connection = self.request.connection
        if isinstance(connection, HTTP1Connection):
            connection.set_max_body_size(_UNLIMITED)  # what is too long is refused here, in words
        super().prepare()
        length = self.request.headers.get("Content-Length", "")
        if not self._finished and length.isdecimal() and (len(length) > _DIGITS or int(length) > MOST_READ):
            self.refuse(errors.too_large(MAX_BODY))

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Take a piece of the body, whose length need not have been told.

        Of what is too long nothing is kept; yet it is read on for a while, as a client that is hung up on while it
        writes never sees the answer.
        """
        self._size += len(chunk)
        if self._size <= MAX_BODY:
            self._body += chunk
        elif self._size > MOST_READ and not self._finished:
            self.refuse(errors.too_large(MAX_BODY))
        else:
            self._body.clear()
        return None

    async def get(self) -> None:
        """Answer any method: the API decides what it means."""
        if self._finished:
            return
        if self._size > MAX_BODY:
            self.refuse(errors.too_large(MAX_BODY))
            return
        answer = self.answer(self.as_request(bytes(self._body)))
        if isinstance(answer, Watch):
            await self._stream(answer)
        else:
            self.send(answer)

    head = post = put = patch = delete = get

    async def _stream(self, watch: Watch) -> None:
        """Send what the watch tells until its time is up or the client hangs up."""
        loop = asyncio.get_running_loop()
        stop = watch.on_change(partial(loop.call_soon_threadsafe, self._changed.set))
        self.set_header("Content-Type", "application/json")
        try:
            await self.flush()
            await self._tell(watch, loop.time() + min(watch.seconds or LONGEST_WATCH, LONGEST_WATCH))
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
        due = loop.time() + BOOKMARK_EVERY
        while not self._has_gone:
            self._changed.clear()
            lines, now = watch.lines(), loop.time()
            if now >= due:
                lines, due = lines + watch.bookmark(), now + BOOKMARK_EVERY
            if lines:
                self.write(lines)
                await self.flush()
            if now >= ends or watch.is_over:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), min(ends, due) - now)

    def on_connection_close(self) -> None:
        """Wake a watch up whose client has gone, so that it notices."""
        self._has_gone = True
        self._changed.set()
        super().on_connection_close()
