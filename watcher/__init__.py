"""watcher touches the world: mailboxes, memory, clock, channels and the command line."""

HOUSE = "offerwatch"
