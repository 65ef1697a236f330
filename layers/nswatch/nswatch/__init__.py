"""nswatch: tells a company within a minute that its domain is being hijacked."""

__version__ = "0.1.0"
