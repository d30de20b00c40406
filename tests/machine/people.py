"""What people do while the program works or rests: they edit the source and, by hand, the target."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.machine.model import KEYS, Model

key = st.sampled_from(KEYS)
some = st.lists(key, min_size=1, max_size=6, unique=True)


class People(Model):
    """They touch nothing but records."""

    @rule(some=some)
    def edit_source(self, some: list[str]) -> None:
        """Records come, or get another title."""
        self.source |= {key: self.word() for key in some}
        self.most = max(self.most, len(self.source))

    @precondition(lambda self: self.source)
    @rule(data=st.data())
    def remove_from_source(self, data: Any) -> None:
        del self.source[data.draw(st.sampled_from(sorted(self.source)))]

    @precondition(lambda self: self.rig.standing())
    @rule(data=st.data())
    def edit_target_by_hand(self, data: Any) -> None:
        self.edited_by_hand(data.draw(st.sampled_from(sorted(self.rig.standing()))))

    def edited_by_hand(self, key: str) -> None:
        """Another title, if the record stands."""
        standing = self.rig.standing()
        if key in standing:
            self.touched[key] = self.word()
            self.since.add(key)
            self.rig.side.edit(self.rig.emulator, standing[key][0], self.touched[key] or "")

    @precondition(lambda self: self.rig.standing() and self.rig.side.scribble)
    @rule(data=st.data())
    def edit_another_field_by_hand(self, data: Any) -> None:
        key = data.draw(st.sampled_from(sorted(self.rig.standing())))
        number = self.rig.standing()[key][0]
        self.words += 1
        self.notes[number] = 1 + self.words % 28
        self.noted.add(key)
        self.scribbled.add(key)
        self.rig.clock.wait(5)  # moments are kept to the second
        assert self.rig.side.scribble is not None
        self.rig.side.scribble(self.rig.emulator, number, self.notes[number])

    @precondition(lambda self: self.rig.standing() and self.rig.side.delete)
    @rule(data=st.data())
    def delete_in_target_by_hand(self, data: Any) -> None:
        key = data.draw(st.sampled_from(sorted(self.rig.standing())))
        assert self.rig.side.delete is not None
        self.rig.side.delete(self.rig.emulator, self.rig.standing()[key][0])
        self.touched[key] = None
        self.since.add(key)
