"""What was seen, kept: one store a hub, append-only observations and events."""
