"""The watchlist as people write it: strict reading, canonical form, differences, JSON Schema."""
