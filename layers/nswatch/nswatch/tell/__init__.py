"""Texts for people who have just woken up, rendered from findings alone."""
