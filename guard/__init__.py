"""guard: nothing confidential leaves, every reply is held to written rules, every decision is on record."""
