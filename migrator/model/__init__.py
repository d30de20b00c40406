"""The nouns of the program: frozen dataclasses with no behaviour beyond small properties. Imports nothing of it."""
