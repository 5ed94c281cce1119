"""The provider's HTTP API: sending, reports and account; knows nothing of Home Assistant."""
