"""`nswatch deploy` and `nswatch destroy`: an installation of several regions, made, changed and removed as one."""
