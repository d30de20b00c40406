"""Stage 4: a plan becomes events. Nothing is sent without an intent on disk; nothing in doubt is sent unseen."""
