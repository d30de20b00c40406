"""Stage 2, transforms: a source record becomes what should stand in the target. Pure: no wire, no clock."""
