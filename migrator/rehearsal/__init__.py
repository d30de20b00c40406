"""The program run against the emulators: the demo, and the stands that it and `emulate` put up."""
