"""What sending costs, measured side by side with other ways to do the same."""
