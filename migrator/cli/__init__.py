"""The command line: each command turns options into a call of the pipeline or the ledger, and shows what comes back.

Nothing heavy is imported before a command runs: `--help` and `--version` need click alone.
"""
