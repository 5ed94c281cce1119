"""The tests of BiSMS for Home Assistant."""
