"""What users see: a real Home Assistant, the simulated provider and a real browser."""
