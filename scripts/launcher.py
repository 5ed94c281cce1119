"""Run Home Assistant unchanged, but for two things that no option of its own offers.

    python -m scripts.launcher [options of Home Assistant]

It listens on this machine only, and it starts without a C++ compiler, too.
"""

from importlib.util import find_spec
import runpy
import sys
from types import ModuleType

from zeroconf._utils import net

# Compiled from C++ sources. Home Assistant imports them to describe any action at all, but
# calls them only when somebody speaks to it.
VOICE_MODULES = {"pymicro_vad": "MicroVad", "pyspeex_noise": "AudioProcessor"}


def stay_on_this_machine() -> None:
    """Keep the HTTP client from opening a port for multicast DNS on every interface.

    zeroconf itself knows of having no such port: that is how it sends without listening.
    """
    net.new_listen_socket = lambda *_args, **_kwargs: None


def do_without_voice() -> None:
    """Put empty modules in the place of those that could not be compiled."""
    for name, content in VOICE_MODULES.items():
        if not find_spec(name):
            sys.modules[name] = ModuleType(name)
            setattr(sys.modules[name], content, object)


if __name__ == "__main__":
    stay_on_this_machine()
    do_without_voice()
    runpy.run_module("homeassistant", run_name="__main__", alter_sys=True)
