"""What must be true: the watchlist, its planned changes and its approved baseline."""
