"""What scripts/mutate does: it changes the code a little and asks whether a test notices.

mutmut makes most of the changes and runs the tests; `others` adds those it does not make.
"""
