"""Stage 3: Desired x target -> stream of Changes. Pure: systems, id map and clockless facts are handed in."""
