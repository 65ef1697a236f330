"""Incidents replayed through the real code, against a simulated far end of the network."""
