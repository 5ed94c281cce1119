"""What people run: set-up, demo and checks, and what these share with tests."""
