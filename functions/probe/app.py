"""What Lambda loads; the code is in the layer, of which a release changes nothing else (`nswatch.handlers`)."""

from nswatch.handlers.probe import handler

__all__ = ["handler"]
