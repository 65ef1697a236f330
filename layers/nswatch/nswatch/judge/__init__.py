"""Facts and expectations in, findings out: no AWS, no sockets, no clock, no logging."""
