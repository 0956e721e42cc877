"""One module for each platform that people write from."""
