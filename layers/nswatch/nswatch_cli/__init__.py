"""The command line of nswatch, and replay: what runs on a person's machine, not in Lambda."""
