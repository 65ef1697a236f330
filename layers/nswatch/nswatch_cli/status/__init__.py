"""`nswatch status`: whether an installation works, by what its hubs know of the regions and of each other."""
