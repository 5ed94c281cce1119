"""`python -m simulator`, as a person at a terminal starts and stops it."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
import re
import signal
import sys

import aiohttp
import pytest

from .conftest import Customer

REPOSITORY = Path(__file__).parents[2]


@asynccontextmanager
async def command(*options: str) -> AsyncIterator[Process]:
    """Run the command, and never leave it running."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulator",
        *options,
        cwd=REPOSITORY,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def said_address(process: Process) -> str:
    """Return the address that the command prints first."""
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found, line
    return found[0]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_serves_an_account_until_it_is_stopped(
    socket_enabled: None, stop: signal.Signals
) -> None:
    """With the credit and sender names it was given, and a clean end."""
    options = ("--port=0", "--secret=gizli", "--credit=5", "--header=EV", "--header=İŞ")
    async with command(*options) as process, aiohttp.ClientSession() as session:
        customer = Customer(session, await said_address(process))
        assert await customer.ask("credit", password="gizli") == "00 5"
        assert await customer.ask("originator", password="gizli") == "00 EV|İŞ"
        process.send_signal(stop)
        said, complained = await process.communicate()
        assert process.returncode == 0
        assert b"stopped" in said
        assert b"gizli" not in said
        assert complained == b""


async def test_a_port_in_use_is_said_in_words(socket_enabled: None) -> None:
    """And what to do about it."""
    async with command("--port=0") as first:
        port = (await said_address(first)).rpartition(":")[2]
        async with command(f"--port={port}") as second:
            _, complaint = await second.communicate()
            assert second.returncode == 1
            assert f"Port {port} on 127.0.0.1 is in use".encode() in complaint
            assert b"Traceback" not in complaint


@pytest.mark.parametrize("option", ["--host=0.0.0.0", "--speed=0"])
async def test_a_wrong_option_is_refused(option: str, socket_enabled: None) -> None:
    """Nothing is served then."""
    async with command("--port=0", option) as process:
        said, _ = await process.communicate()
        assert process.returncode == 2
        assert said == b""
