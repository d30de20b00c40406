"""Stage 1: text -> Playbook. `load.load` is the door."""
