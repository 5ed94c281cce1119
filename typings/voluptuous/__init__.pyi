"""The name that Home Assistant resolves to its own validation library."""

from probatio import *
