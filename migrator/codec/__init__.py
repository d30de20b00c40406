"""Typed objects <-> JSON; JSON Schema from types; strict JSON reading."""
