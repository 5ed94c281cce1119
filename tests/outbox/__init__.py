"""Tests of the outbox, module by module: what it decides, without a network, disk or clock."""
