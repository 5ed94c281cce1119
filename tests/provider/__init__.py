"""Tests of what talks to the provider."""
