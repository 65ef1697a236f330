"""What is asked seldom, at the hubs alone: registries, logs and interfaces, over HTTPS and by our own walk."""
