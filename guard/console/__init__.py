"""The console: pages on which people read the log, and how they sign in to them."""
