"""Whole histories of an outbox against the provider, on one virtual clock.

A history is made from a seed alone: what users send and when, what the network and the
provider do to it, when Home Assistant is killed and started again, how its clock is set.
The outbox, the state machine, the store's format and the provider's protocol are the real
ones; only sockets, disk and time are played.
"""
