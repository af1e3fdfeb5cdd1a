"""What contributors run: set-up, locks, the test runner, the demo."""
