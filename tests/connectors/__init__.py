"""Every connector against its emulator: one common suite, then each one's oddities."""
