"""Incidents as a fold over events, and the outbox that gets them told."""
