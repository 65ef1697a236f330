"""Benchmarks: `make bench-quick`."""
