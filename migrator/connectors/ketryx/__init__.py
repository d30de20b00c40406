"""Ketryx: items of regulated projects, over the vendor's REST API. One public name.

What is odd about it: an item has no content, its numbered records have; lists tell no total; no call tells fields
(they are learnt from sample records); the one writing call is a preview, writes one item, and upserts by an id that
we choose; nothing can be deleted, and what was approved and is changed has to be approved again.
"""

from migrator.connectors.ketryx.system import Ketryx

__all__ = ["Ketryx"]
