"""The review console at /console: what left, what came back, what was decided and why, for people to read and judge."""
