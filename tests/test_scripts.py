"""The scripts that prepare a machine, run for real beside commands that only pretend."""

from collections.abc import Callable
from pathlib import Path
import shutil
import subprocess

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = (
    "bash",
    "cat",
    "chmod",
    "cp",
    "dirname",
    "env",
    "flock",
    "mkdir",
    "rm",
    "rmdir",
)

PLAYWRIGHT = """\
[ "$1 $2 $3" = 'install --no-shell chromium' ] || exit 2
{download}
"""
APT = """\
echo "$*" >>apt
[ "$1" = update ] || {install}
"""
STARTS = "echo Chromium"
FAILS = "echo https://registry.example/ >&2; exit 1"
UV = """\
case $1 in
    venv) mkdir -p .venv-demo/bin; cp "$(type -P true)" .venv-demo/bin/python ;;
    pip)
        mkdir busy || echo collided >>installed
        sleep 0.3
        rmdir busy
        echo installed >>installed
        ;;
esac
"""


class Machine:
    """A copy of scripts, and the only commands that they find."""

    def __init__(self, folder: Path) -> None:
        """Bring the tools that every machine has."""
        self.folder = folder
        self.commands = folder / "commands"
        self.commands.mkdir()
        for tool in TOOLS:
            if path := shutil.which(tool):
                (self.commands / tool).symlink_to(path)
        shutil.copytree(ROOT / "scripts", folder / "scripts")

    def has(self, command: str, does: str) -> Path:
        """Add a command, or a program in the folder, that does this."""
        path = self.commands / command if "/" not in command else self.folder / command
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/usr/bin/env bash\n{does}\n")
        path.chmod(0o755)
        return path

    def start(self, *command: str, **more: str) -> subprocess.Popen[str]:
        """Start a script."""
        return subprocess.Popen(
            [self.commands / "bash", *command],
            cwd=self.folder,
            env={"PATH": str(self.commands), **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str, **more: str) -> tuple[int, str, str]:
        """Run a script; return its status, what it printed and what it told."""
        with self.start(*command, **more) as process:
            printed, told = process.communicate()
        return process.returncode, printed.strip(), told


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return one where nothing can be had: no Chromium, no download, no package."""
    machine = Machine(tmp_path)
    own = machine.folder / "own" / "chrome"
    machine.has(".venv-demo/bin/python", f"echo {own}")
    machine.has(".venv-demo/bin/playwright", PLAYWRIGHT.format(download=FAILS))
    machine.has("apt-get", APT.format(install=FAILS))
    machine.has("id", "echo 0")
    machine.has("grep", "exit 0")
    return machine


def arriving(path: Path) -> str:
    """Return what brings a Chromium."""
    script = f"mkdir -p {path.parent}; echo '#!/usr/bin/env bash' >{path}"
    return f"{script}; echo '{STARTS}' >>{path}; chmod +x {path}"


def downloadable(machine: Machine) -> Path:
    """Let Playwright download its own."""
    own = machine.folder / "own" / "chrome"
    machine.has(".venv-demo/bin/playwright", PLAYWRIGHT.format(download=arriving(own)))
    return own


def packaged(machine: Machine) -> Path:
    """Let Debian have a package."""
    path = machine.commands / "chromium"
    machine.has("apt-get", APT.format(install=f"{{ {arriving(path)}; }}"))
    return path


def installed(machine: Machine) -> Path:
    """Let one be there, beside one that does not start."""
    machine.has("chromium", FAILS)
    return machine.has("chromium-browser", STARTS)


@pytest.mark.parametrize("bring", [installed, downloadable, packaged])
def test_a_chromium_is_found_or_brought(
    machine: Machine, bring: Callable[[Machine], Path]
) -> None:
    """The second time it is there."""
    path = bring(machine)
    assert machine.run("scripts/chromium")[:2] == (0, str(path))
    assert machine.run("scripts/chromium") == (0, str(path), "")


def test_nothing_is_installed_where_a_chromium_can_be_downloaded(
    machine: Machine,
) -> None:
    """A download is this user's own affair."""
    packaged(machine)
    downloadable(machine)
    assert machine.run("scripts/chromium")[0] == 0
    assert not (machine.folder / "apt").exists()


@pytest.mark.parametrize("lacking", [("id", "echo 1000"), ("grep", "exit 1")])
def test_only_root_on_debian_is_brought_a_package(
    machine: Machine, lacking: tuple[str, str]
) -> None:
    """Others are told so."""
    packaged(machine)
    machine.has(*lacking)
    status, printed, told = machine.run("scripts/chromium")
    assert (status, printed) == (1, "")
    assert "by root on Debian only" in told
    assert not (machine.folder / "apt").exists()


def test_it_is_said_plainly_that_there_is_no_chromium(machine: Machine) -> None:
    """In words of our own, which name no other host."""
    status, printed, told = machine.run("scripts/chromium")
    assert (status, printed) == (1, "")
    assert told.splitlines()[-1] == "chromium: there is no Chromium that starts"
    assert "registry" not in told


def test_a_user_can_choose_a_chromium(machine: Machine) -> None:
    """If it starts; otherwise none is brought in its place."""
    installed(machine)
    mine = machine.has("mine/chrome", STARTS)
    assert machine.run("scripts/chromium", CHROMIUM=str(mine))[:2] == (0, str(mine))
    mine.unlink()
    status, printed, told = machine.run("scripts/chromium", CHROMIUM=str(mine))
    assert (status, printed) == (1, "")
    assert "what CHROMIUM names does not start" in told


def test_the_tests_say_what_was_not_run_for_want_of_a_chromium(
    machine: Machine,
) -> None:
    """And run the others."""
    for script in ("lint", "setup"):
        machine.has(f"scripts/{script}", "exit 0")
    machine.has(".venv-demo/bin/python", '[ "$1" = - ] || echo "$@"')
    (machine.folder / "tests/e2e").mkdir(parents=True)
    status, printed, told = machine.run("scripts/test", "tests/e2e")
    assert status == 0
    assert "--without-browser tests/e2e" in printed
    assert "no test of tests/e2e that needs a browser was run" in told

    installed(machine)
    status, printed, told = machine.run("scripts/test", "tests/e2e")
    assert (status, told) == (0, "")
    assert "--without-browser" not in printed


@pytest.mark.skipif(not shutil.which("flock"), reason="there is no flock")
def test_two_set_ups_at_once_make_one_environment(tmp_path: Path) -> None:
    """The second waits, and finds it made."""
    machine = Machine(tmp_path)
    machine.has("uv", UV)
    for tool in ("true", "sleep"):
        path = shutil.which(tool)
        assert path is not None
        (machine.commands / tool).symlink_to(path)
    (machine.folder / "requirements").mkdir()
    (machine.folder / "requirements/demo.txt").write_text("homeassistant")
    both = [
        machine.start("scripts/setup", "demo", UV_PYTHON="python3") for _ in range(2)
    ]
    told = "".join(process.communicate()[1] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert told.count("waiting for another setup") == 1
    assert (machine.folder / "installed").read_text() == "installed\n"
