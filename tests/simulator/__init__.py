"""The provider on loopback, as clients meet it."""
