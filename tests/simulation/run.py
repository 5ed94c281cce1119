"""One run of an outbox: from a start, to a stop in good order or the end of its process."""

import asyncio
from collections.abc import Coroutine
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from custom_components.bisms.outbox import Loaded, Outbox
from custom_components.bisms.provider.codes import BismsError

from .knobs import POLLED_EVERY
from .loop import PROCESS
from .network import PlayedClient, Request
from .outcome import Kind
from .watch import Watch

if TYPE_CHECKING:
    from .home import Home

POLL_AGAIN = 60
"""Seconds after which Home Assistant asks for the credit again if that got no answer."""


WRITES_END_WITHIN = 100
"""Seconds that Home Assistant waits for writes before its process ends."""


class Run:
    """An outbox, the tasks that Home Assistant runs for it, and who watches it.

    When its process ends, none of its timers fires any more, and neither network nor disk
    does anything for it.
    """

    def __init__(self, home: Home) -> None:
        """Build an outbox; nothing is read yet."""
        self.home = home
        self.world = home.world
        self.alive = True
        self.stopped = False
        self.closed = False
        self.context: Context = copy_context()
        self.context.run(PROCESS.set, self)
        self._background: set[asyncio.Task[None]] = set()
        self._other: set[asyncio.Task[None]] = set()
        self._done: set[asyncio.Task[Any]] = set()
        self.client = PlayedClient(
            self.world.network, home.username, home.secret, self._on_request
        )
        self.outbox: Outbox = self.context.run(self._outbox)
        self.watch = Watch(self)

    def _outbox(self) -> Outbox:
        world, home = self.world, self.home
        return Outbox(
            self.client,
            _Files(self),
            spawn=self.spawn,
            spawn_write=self.spawn_write,
            on_refusal=lambda err: None,
            utc=world.clock.utc,
            steady=world.clock.steady,
            jitter=lambda: home.random.uniform(0.8, 1.2),
        )

    def _on_request(self, request: Request) -> None:
        """Let a request leave, unless the process is dead."""
        if not self.alive:
            raise asyncio.CancelledError
        self.watch.on_request(request)

    async def load(self) -> None:
        """Read the files, and begin to watch."""
        await self.do(self.outbox.load())
        self.outbox.subscribe(self.watch.on_change)

    async def start(self) -> None:
        """Begin to send."""
        await self.do(self.outbox.start())
        self.watch.has_started()
        self.spawn(self._poll(), "poll")

    async def do[T](self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Let Home Assistant do something, and return what came of it."""
        task = self.world.loop.create_task(coroutine, context=self.context.copy())
        self._done.add(task)
        task.add_done_callback(self._done.discard)
        return await task

    def caller[T](self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin a call of a user at once."""
        return self.context.copy().run(
            asyncio.Task, coroutine, loop=self.world.loop, eager_start=True
        )

    async def writes_end(self) -> None:
        """Wait for what is still to be written."""
        if self._other:
            await asyncio.wait(self._other, timeout=WRITES_END_WITHIN)

    def spawn(
        self, coroutine: Coroutine[Any, Any, None], name: str
    ) -> asyncio.Task[None]:
        """Start a task that Home Assistant cancels when it stops."""
        return self._spawn(self._background, coroutine, name)

    def spawn_write(
        self, coroutine: Coroutine[Any, Any, None], name: str
    ) -> asyncio.Task[None]:
        """Start a task that is allowed to end."""
        return self._spawn(self._other, coroutine, name)

    def _spawn(
        self,
        tasks: set[asyncio.Task[None]],
        coroutine: Coroutine[Any, Any, None],
        name: str,
    ) -> asyncio.Task[None]:
        task = self.context.copy().run(
            asyncio.Task, coroutine, loop=self.world.loop, name=name, eager_start=True
        )
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(self._ended)
        if not self.alive:
            task.cancel()
        return task

    def cancel_background(self) -> None:
        """Cancel what Home Assistant cancels when it stops or unloads an account."""
        for task in list(self._background):
            task.cancel()

    def end(self) -> None:
        """Let the process end: nothing of it goes on."""
        self.alive = False
        self.world.loop.cancel_timers_of(self)
        for task in [*self._background, *self._other, *self._done]:
            task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.world.wrong(Kind.CRASHED, f"{task.get_name()}: {error!r}")

    async def _poll(self) -> None:
        """Ask for the credit every hour, as Home Assistant does."""
        while not self.world.is_quiet:
            pause = POLLED_EVERY
            try:
                await self.client.get_credit()
            except BismsError, ValueError:
                pause = POLL_AGAIN
            else:
                self.outbox.secret_works()
                await self.outbox.learn_newest_id()
            await asyncio.sleep(pause)


class _Files:
    """The files of a run, which a dead process does not write."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._disk = run.home.disk

    async def load(self) -> Loaded:
        return await self._disk.load()

    async def save(self, snapshot: dict[str, Any]) -> None:
        self._check()
        await self._disk.save(snapshot)

    async def append(self, at: int, line: bytes) -> None:
        self._check()
        await self._disk.append(at, line)

    async def mark(self, lineage: str) -> None:
        self._check()
        await self._disk.mark(lineage)

    def _check(self) -> None:
        if not self._run.alive:
            raise asyncio.CancelledError
        if self._run.closed:
            words = "an unloaded account wrote to its successor's files"
            self._run.world.wrong(Kind.CRASHED, words)
