"""migrator: plan and apply for records in business systems.

    playbook text ─▶ Playbook ─▶ source Records ─▶ Desired records ─┐
     (playbook/)     (typed)      (connectors/)     (transform/)    ├─▶ Plan ──▶ Events ──▶ Report
                                  target Records, by key ───────────┘ (planner/) (executor/)  (views/)

No stage knows the next one: `pipeline.py` joins them. Read it first. A connector is one file; the planner
decides by the Capabilities that it declares, never by a system's name. A plan is a stream: a header, changes
in the order of applying, a trailer, and a hash of every byte before it.
"""

__version__ = "0.1.0"
