"""Whole histories of outboxes against the provider, on one virtual clock.

A history is made from a seed alone: what users send and when, the engine's figures, what
the network, the disk and the provider do to it, how Home Assistant is stopped and started
again, what becomes of its clock, what other programs send. The outbox and the provider's
protocol are the real ones; only sockets, disk and time are played.

Nothing may be lost, doubled or untrue, whatever happens. What nobody could have known is
counted apart, by its reason, and so is each message whose fate could not be learned.
"""
