"""After a run: plans that take it back (undo) or try its failures again (retry), and the file of these (quarantine).

Made from the run's own copy of its plan and from what the journal holds. Reads both sides, writes to neither: what
comes of it is a plan like any other, to be shown and applied.
"""
