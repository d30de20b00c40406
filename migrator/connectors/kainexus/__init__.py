"""KaiNexus: items of improvement work, over the vendor's JSON API. One public name.

What is odd about it: no metadata call (fields are learnt from sample items of a list card), no search, no delete,
no versions, five calls a minute except for items written one at a time, and answers of status 200 that say no.
"""

from migrator.connectors.kainexus.system import KaiNexus

__all__ = ["KaiNexus"]
